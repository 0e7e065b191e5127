"""What is not taken is named: table, row, id, column, value and reason."""

from typing import Any, NamedTuple

import pytest

from jobs.data.legacy import import_file
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile, rows_of


class Fault(NamedTuple):
    table: str
    row: dict[str, Any]
    column: str
    value: str | None
    reason: str


GENZAI = {"id": "genzai_1", "employee_num": "1", "name": "一"}
USAGE = {"employee_num": "1", "use_date": "2025-04-01", "days_used": 1.0}
REQUEST = {
    "employee_num": "1", "start_date": "2025-04-01", "end_date": "2025-04-02", "days_requested": 2,
    "status": "PENDING", "requested_at": "2025-03-01",
}  # fmt: skip

FAULTS = [
    Fault("genzai", GENZAI | {"hire_date": "2025-02-30"}, "hire_date", "2025-02-30", "is not a date"),
    Fault("genzai", GENZAI | {"birth_date": "1025-01-01"}, "birth_date", "1025-01-01", "outside 1900 to 2200"),
    Fault("genzai", GENZAI | {"employee_num": None}, "employee_num", None, "is missing"),
    Fault("genzai", GENZAI | {"name": "　"}, "name", None, "is missing"),
    Fault("genzai", GENZAI | {"hourly_wage": "ask him"}, "hourly_wage", "ask him", "is not a number"),
    Fault("genzai", GENZAI | {"hourly_wage": "3000000000"}, "hourly_wage", "3000000000", "is beyond"),
    Fault("genzai", GENZAI | {"age": 25.5}, "age", "25.5", "is not a whole number"),
    Fault("genzai", GENZAI | {"hourly_wage": -1}, "hourly_wage", "-1", "breaks the rule hourly_wage >= 0"),
    Fault(
        "genzai",
        GENZAI | {"hire_date": "2025-04-02", "leave_date": "2025-04-01"},
        "leave_date, hire_date",
        "2025-04-01, 2025-04-02",
        "leave_date >= hire_date",
    ),
    Fault("genzai", GENZAI | {"dispatch_name": "x" * 256}, "dispatch_name", "x" * 80 + "…", "is 256 characters long"),
    Fault("genzai", GENZAI | {"kana": "a\0b"}, "kana", "a\\x00b", "holds a NUL byte"),
    Fault("genzai", GENZAI | {"kana": b"\xff\xfe"}, "kana", "b'\\xff\\xfe'", "is binary data"),
    Fault("yukyu_usage_details", USAGE | {"days_used": -1}, "days_used", "-1.000", "breaks the rule days_used >= 0"),
    Fault("yukyu_usage_details", USAGE | {"days_used": float("inf")}, "days_used", "inf", "is not a number"),
    Fault("yukyu_usage_details", USAGE | {"days_used": 1e6}, "days_used", "1000000.0", "is 1,000,000 or more"),
    Fault("yukyu_usage_details", USAGE | {"days_used": None}, "days_used", None, "is missing"),
    Fault("yukyu_usage_details", USAGE | {"month": 13}, "month", "13", "month BETWEEN 1 AND 12"),
    Fault(
        "leave_requests", REQUEST | {"end_date": "2025-03-31"}, "end_date, start_date", None, "end_date >= start_date"
    ),
    Fault("leave_requests", REQUEST | {"status": "maybe"}, "status", "MAYBE", "status IN"),
    Fault("employees", {"id": "1", "employee_num": "1", "name": "一", "year": None}, "year", None, "is missing"),
    Fault("employees", {"id": "1", "employee_num": "1", "name": "一", "year": 25}, "year", "25", "year BETWEEN"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.column}-{fault.reason[:12]}" for fault in FAULTS])
async def test_a_row_with_a_fault_is_named_and_the_others_are_taken(
    database: Database, old: OldFile, fault: Fault
) -> None:
    table, row, column, value, reason = fault
    old.add(table, **row)
    old.add("staff", id="staff_9", employee_num="9", name="九")

    report = await import_file(database.primary_url, old.path)

    (problem,) = report.tables[table].rejects
    assert (problem.table, problem.row, problem.column) == (table, 1, column)
    assert problem.id == str(row.get("id", 1))
    assert value is None or problem.value == value
    assert reason in problem.reason
    assert report.tables[table].rejected == report.tables[table].read == report.rejected == 1
    assert report.tables["staff"].inserted == 1


async def test_all_faults_of_a_row_are_named_and_the_row_counted_once(database: Database, old: OldFile) -> None:
    old.add("genzai", id="genzai_1", employee_num="", name="", hire_date="x")

    report = await import_file(database.primary_url, old.path)

    assert [problem.column for problem in report.tables["genzai"].rejects] == ["hire_date", "employee_num", "name"]
    assert report.rejected == 1


async def test_text_that_is_not_utf8_is_named(database: Database, old: OldFile) -> None:
    old.run("INSERT INTO genzai (id, employee_num, name) VALUES ('genzai_1', '1', CAST(x'93C18C' AS TEXT))")

    report = await import_file(database.primary_url, old.path)

    (problem,) = report.tables["genzai"].rejects
    assert (problem.column, problem.reason) == ("name", "is not UTF-8 text")


async def test_of_two_rows_with_one_key_the_first_is_taken_and_the_other_named(
    database: Database, old: OldFile
) -> None:
    old.add("yukyu_usage_details", employee_num="1", use_date="2025-04-01", days_used=1)
    old.add("yukyu_usage_details", employee_num="1", use_date="2025/4/1", days_used=0.5)
    old.add("employees", id="1_2025", employee_num="1", name="一", year=2025)
    old.add("employees", id="1.0_2025", employee_num=1.0, name="一", year=2025)

    report = await import_file(database.primary_url, old.path)

    (usage,) = report.tables["yukyu_usage_details"].rejects
    assert (usage.row, usage.column, usage.value) == (2, "employee_num, use_date", "1, 2025-04-01")
    assert usage.reason == "is the same as in row 1"
    (account,) = report.tables["employees"].rejects
    assert (account.column, account.reason) == ("id", "is the same as in row 1")
    assert await rows_of(database.primary_url, "SELECT days_used::text FROM yukyu_usage_details") == [
        {"days_used": "1.000"}
    ]


async def test_an_id_of_somebody_else_does_not_overwrite_them(database: Database, old: OldFile) -> None:
    old.add("yukyu_usage_details", id=17, employee_num="1", use_date="2025-04-01", days_used=1)
    await import_file(database.primary_url, old.path)
    old.run("UPDATE yukyu_usage_details SET employee_num = '2', use_date = '2025-05-01'")

    report = await import_file(database.primary_url, old.path)

    (problem,) = report.tables["yukyu_usage_details"].rejects
    assert problem.reason == "already belongs to employee number 1"
    assert await rows_of(database.primary_url, "SELECT employee_num FROM yukyu_usage_details") == [
        {"employee_num": "1"}
    ]
