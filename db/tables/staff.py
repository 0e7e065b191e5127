from datetime import date, datetime

from db.tables import columns, person
from db.tables.personal import Kind


class Staff(columns.Row, table=True):
    """A member of the company's own staff (社員)."""

    __tablename__ = "staff"
    __table_args__ = person.constraints()

    id: str = columns.identifier()
    status: str | None = columns.optional_text()
    employee_num: str = columns.required_text()
    office: str | None = columns.optional_text()
    name: str = columns.required_text()
    kana: str | None = columns.optional_text()
    gender: str | None = columns.optional_text()
    nationality: str | None = columns.optional_text()
    birth_date: str | None = columns.personal(Kind.DATE)
    age: int | None = columns.optional_small()
    visa_expiry: date | None = columns.optional_date()
    visa_type: str | None = columns.personal(Kind.TEXT)
    spouse: str | None = columns.optional_text()
    postal_code: str | None = columns.personal(Kind.TEXT)
    address: str | None = columns.personal(Kind.TEXT)
    building: str | None = columns.optional_text()
    hire_date: date | None = columns.optional_date()
    leave_date: date | None = columns.optional_date()
    last_updated: datetime = columns.moment()
