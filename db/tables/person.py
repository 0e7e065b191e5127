"""What must hold in each of the three tables of people: `genzai`, `ukeoi`, `staff`."""

from sqlalchemy import CheckConstraint

from db.tables import columns


def constraints() -> tuple[CheckConstraint, ...]:
    return (
        columns.not_blank("employee_num"),
        columns.check("leaves_after_hire", "leave_date >= hire_date"),
        *columns.not_negative("age"),
        columns.personal_date("birth_date"),
    )
