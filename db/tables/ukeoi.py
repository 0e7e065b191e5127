from datetime import date, datetime

from db.tables import columns, person
from db.tables.personal import Kind


class Ukeoi(columns.Row, table=True):
    """A contract employee (請負社員)."""

    __tablename__ = "ukeoi"
    __table_args__ = (*person.constraints(), columns.personal_yen("hourly_wage"))

    id: str = columns.identifier()
    status: str | None = columns.optional_text()
    employee_num: str = columns.required_text()
    contract_business: str | None = columns.optional_text()
    name: str = columns.required_text()
    kana: str | None = columns.optional_text()
    gender: str | None = columns.optional_text()
    nationality: str | None = columns.optional_text()
    birth_date: str | None = columns.personal(Kind.DATE)
    age: int | None = columns.optional_small()
    hourly_wage: str | None = columns.personal(Kind.YEN)
    wage_revision: str | None = columns.optional_text()
    hire_date: date | None = columns.optional_date()
    leave_date: date | None = columns.optional_date()
    last_updated: datetime = columns.moment()
