"""What must hold in each of the three tables of people: `genzai`, `ukeoi`, `staff`."""

from sqlalchemy import CheckConstraint

from db.tables import columns


def constraints(*amounts: str) -> tuple[CheckConstraint, ...]:
    """Return the checks; `amounts` are further columns that cannot be negative."""
    return (
        columns.not_blank("employee_num"),
        columns.check("leaves_after_hire", "leave_date >= hire_date"),
        *columns.not_negative("age", *amounts),
    )
