from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, text

from db.tables import columns
from db.tables.personal import Kind


class LeaveRequest(columns.Row, table=True):
    """What somebody asked for, and what became of it."""

    __tablename__ = "leave_requests"
    __table_args__ = (
        columns.not_blank("employee_num"),
        columns.plausible_year(),
        columns.check("ends_after_start", "end_date >= start_date"),
        columns.check("status_known", "status IN ('PENDING', 'APPROVED', 'REJECTED')"),
        *columns.amount("days_requested", "hours_requested", "cost_estimate"),
        columns.personal_yen("hourly_wage"),
        Index(None, "employee_num", "year", text("requested_at DESC")),
    )

    id: str = columns.identifier()
    employee_num: str = columns.required_text()
    employee_name: str | None = columns.optional_text()
    start_date: date = columns.required_date()
    end_date: date = columns.required_date()
    days_requested: Decimal = columns.required_days()
    hours_requested: Decimal | None = columns.optional_days()
    leave_type: str | None = columns.optional_text()
    reason: str | None = columns.optional_text()
    status: str = columns.required_text(default="PENDING")
    requested_at: datetime = columns.moment()
    approved_by: str | None = columns.optional_text()
    approved_at: datetime | None = columns.optional_moment()
    year: int = columns.required_small()
    hourly_wage: str | None = columns.personal(Kind.YEN)
    cost_estimate: Decimal | None = columns.optional_amount()
    created_at: datetime = columns.moment()
