"""What stands beside a leave account: the days taken and the requests made."""

from datetime import date, datetime
from decimal import Decimal
from typing import Self

import strawberry

from db.records import Row
from schema.types.node import Node, node_id


@strawberry.type(description="One date on which paid leave was taken.")
class UsageDetail(Node):
    use_date: date = strawberry.field(description="The date.")
    days_used: Decimal = strawberry.field(description="Days taken on it: 1, or less for part of a day.")
    year: int = strawberry.field(description="The leave year it counts to.")
    month: int = strawberry.field(description="The month, 1 to 12.")

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(
            id=node_id("yukyu_usage_details", row["id"]),
            use_date=row["use_date"],
            days_used=row["days_used"],
            year=row["year"],
            month=row["month"],
        )


@strawberry.type(description="A request for leave, and what became of it.")
class LeaveRequest(Node):
    start_date: date = strawberry.field(description="First day asked for.")
    end_date: date = strawberry.field(description="Last day asked for.")
    days_requested: Decimal = strawberry.field(description="Days asked for.")
    hours_requested: Decimal | None = strawberry.field(description="Hours asked for, where leave is by the hour.")
    leave_type: str | None = strawberry.field(description="Kind of leave, as the office names it.")
    reason: str | None = strawberry.field(description="Why, in the person's words.")
    status: str = strawberry.field(description="PENDING, APPROVED or REJECTED.")
    requested_at: datetime = strawberry.field(description="When it was handed in.")
    approved_by: str | None = strawberry.field(description="Who decided.")
    approved_at: datetime | None = strawberry.field(description="When it was decided.")

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(
            id=node_id("leave_requests", row["id"]),
            start_date=row["start_date"],
            end_date=row["end_date"],
            days_requested=row["days_requested"],
            hours_requested=row["hours_requested"],
            leave_type=row["leave_type"],
            reason=row["reason"],
            status=row["status"],
            requested_at=row["requested_at"],
            approved_by=row["approved_by"],
            approved_at=row["approved_at"],
        )
