"""What is taken, and how it looks afterwards."""

import base64
import os
from datetime import UTC, date, datetime
from decimal import Decimal

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jobs.data.legacy import Manner, import_file
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile, rows_of


async def test_a_leave_account_comes_over_as_it_is(database: Database, old: OldFile) -> None:
    old.add(
        "employees", id="12345.0_2025", employee_num=12345.0, name="髙橋　太郎 ", haken="㈱三河製作所", granted=20.0,
        used=7.300000000000001,
        balance=-0.5, expired=0.0, usage_rate=36.0, year=2025.0, last_updated="2025-04-01T10:20:30.123456",
    )  # fmt: skip

    report = await import_file(database.primary_url, old.path)

    assert report.rejected == 0
    assert report.tables["employees"].inserted == 1
    (row,) = await rows_of(database.primary_url, "SELECT * FROM employees")
    expected = {
        "id": "12345_2025", "employee_num": "12345", "name": "髙橋　太郎", "haken": "㈱三河製作所",
        "granted": Decimal("20.00"), "used": Decimal("7.30"), "balance": Decimal("-0.50"), "expired": Decimal("0.00"),
        "usage_rate": Decimal("36.00"), "year": 2025, "grant_year": None,
        "last_updated": datetime(2025, 4, 1, 1, 20, 30, 123456, UTC),
    }  # fmt: skip
    assert row | expected == row


async def test_every_spelling_of_a_date_and_a_number_is_taken(database: Database, old: OldFile) -> None:
    dates = [
        "2025-04-01",
        "2025/4/1",
        "2025年4月1日",
        "2025-04-01 00:00:00",
        "2025-04-01T00:00:00",
        "20250401",
        "45748",
    ]
    wages = ["1,450", "１４５０", 1450, 1450.0, "¥1450", "1450円", "1450.0"]
    for n, (day, wage) in enumerate(zip(dates, wages, strict=True)):
        old.add("genzai", id=f"genzai_{n}", employee_num=str(n), name="名前", hire_date=day, hourly_wage=wage)

    report = await import_file(database.primary_url, old.path)

    assert report.rejected == 0
    rows = await rows_of(database.primary_url, "SELECT DISTINCT hire_date, hourly_wage FROM genzai")
    assert rows == [{"hire_date": date(2025, 4, 1), "hourly_wage": "1450"}]


async def test_words_for_nothing_become_null(database: Database, old: OldFile) -> None:
    old.add(
        "staff", id="staff_1", employee_num="1", name="Null Nan", kana="", office="None", birth_date="0000-00-00",
        age="nan", visa_expiry="NULL", leave_date="\u3000", last_updated="2025-04-01",
    )  # fmt: skip

    await import_file(database.primary_url, old.path)

    (row,) = await rows_of(
        database.primary_url, "SELECT name, kana, office, birth_date, age, visa_expiry, leave_date FROM staff"
    )
    assert row.pop("name") == "Null Nan"
    assert set(row.values()) == {None}


async def test_what_a_row_leaves_out_is_worked_out_from_the_rest(database: Database, old: OldFile) -> None:
    old.add("employees", employee_num="7", name="七", year=2024)
    old.add("ukeoi", employee_num="7", name="七")
    old.add("yukyu_usage_details", employee_num="7", use_date="2025/12/3", days_used=0.5)
    old.add(
        "leave_requests", employee_num="7", start_date="2025-12-03", end_date="2025-12-03", days_requested=1,
        status="approved", requested_at="2025-12-01 09:00:00",
    )  # fmt: skip

    report = await import_file(database.primary_url, old.path)

    assert report.rejected == 0
    url = database.primary_url
    assert await rows_of(url, "SELECT id FROM employees") == [{"id": "7_2024"}]
    assert await rows_of(url, "SELECT id, last_updated FROM ukeoi") == [
        {"id": "ukeoi_7", "last_updated": datetime(1970, 1, 1, tzinfo=UTC)}
    ]
    assert await rows_of(url, "SELECT id, year, month FROM yukyu_usage_details") == [
        {"id": "1", "year": 2025, "month": 12}
    ]
    assert await rows_of(url, "SELECT id, year, status, created_at = requested_at AS same FROM leave_requests") == [
        {"id": "1", "year": 2025, "status": "APPROVED", "same": True}
    ]


async def test_tables_and_columns_of_another_version_are_named_and_left(database: Database, old: OldFile) -> None:
    old.run(
        "DROP TABLE staff; DROP TABLE ukeoi; CREATE TABLE audit_log (id INTEGER); ALTER TABLE genzai ADD mood TEXT;"
    )
    old.run("ALTER TABLE genzai DROP COLUMN leave_date")

    report = await import_file(database.primary_url, old.path)

    assert report.unknown_tables == ["audit_log"]
    assert report.missing_tables == ["ukeoi", "staff"]
    assert report.tables["genzai"].unknown_columns == ["mood"]
    assert report.tables["genzai"].missing_columns == ["leave_date"]


async def test_a_column_the_file_lacks_keeps_what_is_here(database: Database, old: OldFile) -> None:
    old.add("genzai", id="genzai_1", employee_num="1", name="前", leave_date="2025-04-01", last_updated="2025-04-01")
    await import_file(database.primary_url, old.path)
    old.run("ALTER TABLE genzai DROP COLUMN leave_date; ALTER TABLE genzai DROP COLUMN last_updated")
    old.run("UPDATE genzai SET name = '後'")

    report = await import_file(database.primary_url, old.path)

    assert report.tables["genzai"].updated == 1
    (row,) = await rows_of(database.primary_url, "SELECT name, leave_date, last_updated FROM genzai")
    assert row == {
        "name": "後", "leave_date": date(2025, 4, 1), "last_updated": datetime(2025, 3, 31, 15, tzinfo=UTC)
    }  # fmt: skip


async def test_a_row_is_judged_together_with_what_is_kept_of_it(database: Database, old: OldFile) -> None:
    old.add("genzai", id="genzai_1", employee_num="1", name="前", hire_date="2025-04-01", leave_date="2025-04-30")
    await import_file(database.primary_url, old.path)
    old.run("ALTER TABLE genzai DROP COLUMN leave_date; UPDATE genzai SET hire_date = '2025-05-01'")

    report = await import_file(database.primary_url, old.path)

    (problem,) = report.tables["genzai"].rejects
    assert (problem.column, problem.value) == ("leave_date, hire_date", "2025-04-30, 2025-05-01")


async def test_a_table_without_employee_numbers_is_rejected_row_by_row(database: Database, old: OldFile) -> None:
    old.add("genzai", id="genzai_1", employee_num="1", name="一")
    old.run("ALTER TABLE genzai DROP COLUMN employee_num")

    report = await import_file(database.primary_url, old.path)

    assert [str(problem) for problem in report.tables["genzai"].rejects] == [
        "genzai row 1 (id genzai_1): employee_num is missing"
    ]


async def test_an_eighth_of_a_day_is_kept_and_a_sixteenth_is_rounded_and_reported(
    database: Database, old: OldFile
) -> None:
    old.add("yukyu_usage_details", employee_num="1", use_date="2025-04-01", days_used=0.125)
    old.add("yukyu_usage_details", employee_num="1", use_date="2025-04-02", days_used=0.0625)

    report = await import_file(database.primary_url, old.path)

    (rounded,) = report.tables["yukyu_usage_details"].rounded
    assert str(rounded) == "yukyu_usage_details row 2 (id 2): days_used was rounded to 0.063: 0.0625"
    assert report.tables["yukyu_usage_details"].inserted == 2


async def test_encrypted_fields_are_read_with_the_old_applications_key(database: Database, old: OldFile) -> None:
    key = os.urandom(32)

    def sealed(text: str) -> str:
        nonce = os.urandom(12)
        return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), None)).decode()

    old.add(
        "genzai",
        id="genzai_1",
        employee_num="1",
        name="一",
        birth_date=sealed("1990-02-03"),
        hourly_wage=sealed("1450"),
    )

    unread = await import_file(database.primary_url, old.path)
    read = await import_file(database.primary_url, old.path, Manner(key=key.hex()))

    assert [problem.column for problem in unread.tables["genzai"].rejects] == ["birth_date", "hourly_wage"]
    assert "give the key" in unread.tables["genzai"].rejects[0].reason
    assert read.rejected == 0
    assert await rows_of(database.primary_url, "SELECT birth_date, hourly_wage FROM genzai") == [
        {"birth_date": "1990-02-03", "hourly_wage": "1450"}
    ]
