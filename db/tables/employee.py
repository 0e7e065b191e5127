from datetime import datetime
from decimal import Decimal

from sqlalchemy import UniqueConstraint

from db.tables import columns


class Employee(columns.Row, table=True):
    """One person's paid-leave account in one year; amounts are days. Id: `{employee_num}_{year}`."""

    __tablename__ = "employees"
    __table_args__ = (
        UniqueConstraint("employee_num", "year"),
        columns.not_blank("employee_num"),
        columns.plausible_year(),
        columns.plausible_year("grant_year"),
        *columns.amount("granted", "used", "expired", "usage_rate"),
        columns.check("balance_is_number", "balance < 'Infinity'"),
    )

    id: str = columns.identifier()
    employee_num: str = columns.required_text()
    name: str = columns.required_text()
    haken: str | None = columns.optional_text()
    granted: Decimal | None = columns.optional_days()
    used: Decimal | None = columns.optional_days()
    # May be negative: leave taken before it was granted.
    balance: Decimal | None = columns.optional_days()
    expired: Decimal | None = columns.optional_days()
    usage_rate: Decimal | None = columns.optional_days()
    year: int = columns.required_small()
    grant_year: int | None = columns.optional_small()
    last_updated: datetime = columns.moment()
