"""The six tables, and what they are searched by.

A date is YYYY-MM-DD and a moment YYYY-MM-DDTHH:MM:SS.ffffffZ, so that both sort as text; an amount is text with its
three (days) or two (yen) places, exact. The declared types say which: `db.fallback.types` reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic import op

revision = "f001"
down_revision = None
branch_labels = None
depends_on = None

PART = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Searched:
    """A searched table: expressions over `new`, the row that was written."""

    number: int
    name: str
    place: str
    rest: str = "NULL"
    kana: str = "new.kana"
    scope: str = "new.status, NULL, new.hire_date, new.leave_date"


SEARCHED = (
    Searched(1, "employees", "new.haken", kana="NULL", scope="NULL, new.year, NULL, NULL"),
    Searched(
        2,
        "genzai",
        "new.dispatch_name",
        rest="coalesce(new.department, '') || ' ' || coalesce(new.line, '') || ' ' || coalesce(new.job_content, '')"
        " || ' ' || coalesce(new.dispatch_id, '') || ' ' || coalesce(new.nationality, '')",
    ),
    Searched(3, "ukeoi", "new.contract_business", rest="new.nationality"),
    Searched(4, "staff", "new.office", rest="new.nationality"),
)
OTHERS = ("yukyu_usage_details", "leave_requests")

# As the function `yukyu_analysis` gives them.
ENTRIES = (
    *("number", "place"),
    *(f"{field}{part}" for field in ("name", "kana", "romaji") for part in ("", "_1", "_2", "_last")),
    "lexemes",
)


def upgrade() -> None:
    for statement in PART.read_text(encoding="utf-8").strip().split("\n\n"):
        op.get_bind().exec_driver_sql(statement)
    for table in SEARCHED:
        for trigger in triggers(table):
            op.get_bind().exec_driver_sql(trigger)


def downgrade() -> None:
    for name in (*(table.name for table in SEARCHED), *OTHERS, "search_lexemes", "search_records", "store"):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")


def triggers(table: Searched) -> Iterator[str]:
    """Yield what keeps `search_records`; the analysis is a function of the connection, called once a row."""
    values = ", ".join(f"max(CASE a.key WHEN {place} THEN a.value END)" for place in range(len(ENTRIES)))
    take = f"""
        INSERT INTO search_records (
            table_no, id, moment, number_text, name_text, place_text, status, year, hired, gone, {", ".join(ENTRIES)}
        )
        SELECT {table.number}, new.id, new.last_updated, new.employee_num, new.name, {table.place}, {table.scope},
               {values}
        FROM   json_each(yukyu_analysis(new.employee_num, new.name, {table.kana}, {table.place}, {table.rest})) a;"""
    leave = f"DELETE FROM search_records WHERE table_no = {table.number} AND id = old.id;"
    yield f"CREATE TRIGGER {table.name}_added AFTER INSERT ON {table.name} BEGIN {take} END"
    yield f"CREATE TRIGGER {table.name}_changed AFTER UPDATE ON {table.name} BEGIN {leave} {take} END"
    yield f"CREATE TRIGGER {table.name}_removed AFTER DELETE ON {table.name} BEGIN {leave} END"
