from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import UniqueConstraint

from db.tables import columns


class UsageDetail(columns.Row, table=True):
    """One day, or part of one, on which somebody took paid leave."""

    __tablename__ = "yukyu_usage_details"
    __table_args__ = (
        UniqueConstraint("employee_num", "use_date"),
        columns.not_blank("employee_num"),
        columns.plausible_year(),
        columns.check("month_of_year", "month BETWEEN 1 AND 12"),
        *columns.amount("days_used"),
    )

    id: str = columns.identifier()
    employee_num: str = columns.required_text()
    name: str | None = columns.optional_text()
    use_date: date = columns.required_date()
    year: int = columns.required_small()
    month: int = columns.required_small()
    days_used: Decimal = columns.required_days()
    last_updated: datetime = columns.moment()
