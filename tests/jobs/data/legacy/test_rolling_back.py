"""Taking an import back, and what stands in the way of it."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from db import transfer
from db.errors import NotFoundError
from jobs.data.legacy import ImportReport, Manner, import_file
from jobs.data.rolling_back import RollbackRefusedError, roll_back
from tests.conftest import Database
from tests.jobs.data.legacy.contents import checksums
from tests.jobs.data.legacy.old_file import OldFile, rows_of

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
REPLACED = """
    DELETE FROM yukyu_usage_details;
    INSERT INTO yukyu_usage_details VALUES ('9', '1', NULL, '2025-04-01', 2025, 4, 1)
"""
DAY = {"employee_num": "1", "days_used": 1}


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def taken_back(url: str, report: ImportReport) -> None:
    assert report.id is not None
    await roll_back(url, report.id, by="aiko", now=NOW)


async def two_imports(url: str, old: OldFile) -> tuple[ImportReport, ImportReport]:
    """Import a person and two days; then a new person, the first one's new name, and the days moved onto each other."""
    old.add("genzai", id="g1", employee_num="1", name="前")
    for n in (1, 2):
        old.add("yukyu_usage_details", id=n, use_date=f"2025-04-0{n}", **DAY)
    first = await import_file(url, old.path)
    old.run("UPDATE genzai SET name = '後'; UPDATE yukyu_usage_details SET use_date = 'x' || id")
    old.run("UPDATE yukyu_usage_details SET use_date = '2025-04-0' || (3 - id)")
    old.add("genzai", id="g2", employee_num="2", name="二")
    return first, await import_file(url, old.path)


@pytest.mark.every_version
async def test_rows_that_were_added_changed_and_moved_are_what_they_were(database: Database, old: OldFile) -> None:
    url = database.primary_url
    old.add("staff", id="s1", employee_num="7", name="社員", birth_date="S60.1.2", address="愛知県")
    empty = await checksums(url)
    first, _ = await two_imports(url, old)
    old.run("UPDATE staff SET address = '東京都'")
    before = await checksums(url)
    third = await import_file(url, old.path)

    assert await checksums(url) != before
    await taken_back(url, third)
    assert await checksums(url) == before

    with pytest.raises(RollbackRefusedError) as refused:
        await taken_back(url, first)
    assert "genzai g1 has been changed since" in refused.value.message
    assert "yukyu_usage_details 1 has been changed since" in refused.value.message
    later = (await rows_of(url, "SELECT id FROM data_imports WHERE number = 2"))[0]["id"]
    assert refused.value.hint == f"Roll back the import that came later first: yukyu data rollback {later}"
    await roll_back(url, str(later), by="aiko", now=NOW)
    await taken_back(url, first)
    assert await checksums(url) == empty


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE genzai SET name = '他' WHERE id = 'g2'", "genzai g2 has been changed since"),
        ("DELETE FROM genzai WHERE id = 'g2'", "genzai g2 has been removed since"),
        (
            REPLACED,
            "yukyu_usage_details 2 has been removed since; yukyu_usage_details 1 would come back where 9 is now",
        ),
    ],
    ids=["changed", "removed", "replaced"],
)
async def test_later_changes_are_named_and_not_lost(database: Database, old: OldFile, change: str, named: str) -> None:
    url = database.primary_url
    _, second = await two_imports(url, old)
    await run(url, change)
    before = await checksums(url)

    with pytest.raises(RollbackRefusedError) as refused:
        await taken_back(url, second)

    assert named in refused.value.message
    assert await checksums(url) == before


async def test_a_second_time_is_refused_and_says_who_did_it_when(database: Database, old: OldFile) -> None:
    _, second = await two_imports(database.primary_url, old)
    await taken_back(database.primary_url, second)

    with pytest.raises(RollbackRefusedError, match=r"already, on 2026-01-01 12:00:00 UTC by aiko"):
        await taken_back(database.primary_url, second)
    with pytest.raises(NotFoundError, match="There is no import nothing"):
        await roll_back(database.primary_url, "nothing", by="aiko", now=NOW)


async def test_another_schema_revision_is_refused(database: Database, old: OldFile) -> None:
    _, second = await two_imports(database.primary_url, old)
    await run(database.primary_url, "UPDATE data_imports SET revision = '0001'")

    with pytest.raises(RollbackRefusedError, match="at schema revision 0001") as refused:
        await taken_back(database.primary_url, second)
    assert refused.value.hint == "Go back first: yukyu db downgrade 0001"


async def test_only_the_newest_imports_of_some_days_keep_what_they_changed(database: Database, old: OldFile) -> None:
    url = database.primary_url
    first, second = await two_imports(url, old)
    for _ in range(transfer.KEPT_IMPORTS - 1):
        await import_file(url, old.path)

    with pytest.raises(RollbackRefusedError, match="no longer known"):
        await taken_back(url, first)
    assert await rows_of(url, "SELECT DISTINCT import_number FROM data_import_changes") == [{"import_number": 2}]

    later = datetime.now(UTC) + timedelta(days=transfer.KEPT_DAYS + 1)
    await import_file(url, old.path, Manner(clock=lambda: later))
    with pytest.raises(RollbackRefusedError, match="no longer known"):
        await taken_back(url, second)


async def test_a_dry_run_and_a_strict_one_with_a_reject_leave_everything_as_it_is(
    database: Database, old: OldFile
) -> None:
    url = database.primary_url
    old.add("genzai", id="g1", employee_num="1", name="一")
    old.add("genzai", id="g2", employee_num="2", name="二", hire_date="soon")
    before = await checksums(url)

    tried = await import_file(url, old.path, Manner(dry_run=True))
    refused = await import_file(url, old.path, Manner(strict=True))

    assert (tried.id, tried.tables["genzai"].inserted, tried.rejected) == (None, 1, 1)
    assert (refused.id, refused.refused) == (None, True)
    assert await checksums(url) == before
    assert await rows_of(url, "SELECT * FROM data_imports") == []
