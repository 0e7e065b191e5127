"""Whatever stands in an old file, every row is taken or named, and the second time is like the first."""

from random import Random

from jobs.data.legacy import ImportReport, import_file
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile

ROWS = 150
KEYS: list[object] = [*range(40), 7.0, "７", "7.0", "A-1", "", None, "x" * 256, "a\0b", b"7"]
VALUES: list[object] = [
    None, "", "None", "nan", 0, 1, -1, 0.5, 0.125, -0.5, 13, 25, 2025, 2025.0, 2201, 45748, 45748.5, 20250401,
    1e6, 1e15, 1e300, float("inf"), 2**31, 2**15, 2**62, "2025-04-01", "2025/4/1", "令和7年4月1日", "2025-02-30",
    "1,450", "１０", "10日", "abc", "名 前", "髙橋\u3000", "PENDING", "approved", "' OR 1=1 --", "%s {} $1 :x",
    "a\0b", b"\xff", "x" * 256, "y" * 5000, "🙂",
]  # fmt: skip


def scribble(old: OldFile, table: str, columns: list[str]) -> None:
    random = Random(table)  # noqa: S311 - no secret
    rows: list[dict[str, object]] = []
    for n in range(ROWS):
        row = {column: random.choice(KEYS if column == "employee_num" else VALUES) for column in columns}
        if random.random() < 0.9:  # most rows have what a row needs, or few would get as far as the table's own rules
            row |= {"name": "名", "employee_name": "名"} if "employee_name" in columns else {"name": "名"}
            row |= {column: "2025-04-01" for column in columns if column.endswith(("_date", "_at"))}
            row |= {"year": 2000 + n} if "year" in columns else {}
        rows.append(row)
    old.add_all(table, rows)


def counts(report: ImportReport) -> dict[str, tuple[int, ...]]:
    return {
        name: (one.read, one.inserted, one.updated, one.unchanged, one.rejected) for name, one in report.tables.items()
    }


async def test_every_row_of_nonsense_is_taken_or_named(database: Database, old: OldFile) -> None:
    scribble(old, "genzai", ["employee_num", "name", "age", "hourly_wage", "hire_date", "leave_date", "dispatch_name"])
    scribble(old, "employees", ["employee_num", "name", "year", "granted", "used", "last_updated"])
    scribble(old, "staff", ["employee_num", "name", "visa_expiry", "address", "postal_code", "birth_date"])

    first = await import_file(database.primary_url, old.path)
    second = await import_file(database.primary_url, old.path)

    for name, one in first.tables.items():
        assert one.read == one.inserted + one.rejected, name
        assert {problem.row for problem in one.rejects} == {problem.row for problem in second.tables[name].rejects}
        assert len({problem.row for problem in one.rejects}) == one.rejected
    assert all(first.tables[name].inserted for name in ("genzai", "employees", "staff"))
    assert counts(second) == {
        name: (read, 0, 0, inserted, rejected) for name, (read, inserted, _, _, rejected) in counts(first).items()
    }
