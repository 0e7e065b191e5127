"""Importing twice, importing what has changed, and not finishing."""

import asyncio
import signal

import asyncpg
import pytest

from db import transfer
from jobs.data import sample
from jobs.data.legacy import import_file
from tests import forking
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile, rows_of

pytestmark = pytest.mark.every_version

# An import that waits, when it has come so far, for what is done to it: the URL, the file, where, and up to how many
# rows it is one transaction.
KILLED_AT = """
import asyncio, sys, time; from pathlib import Path; from jobs.data.legacy import Manner, import_file
def pause(subject, done, total):
    if subject == sys.argv[3] and (done == total or subject == "keeping"):
        print("half way", flush=True); time.sleep(60)
manner = Manner(together=int(sys.argv[4]))
asyncio.run(import_file(sys.argv[1], Path(sys.argv[2]), manner, on_progress=pause))
"""

VERSIONS = " UNION ALL ".join(
    f"SELECT '{table.name}', id, xmin::text, ctid::text FROM {table.name}" for table in transfer.TABLES  # noqa: S608
)  # fmt: skip


def fill(old: OldFile, rows: int = 3) -> None:
    numbers = range(rows)
    old.add_all("employees", [{"employee_num": n, "name": "名", "year": 2025, "granted": 10} for n in numbers])
    old.add_all("genzai", [{"id": f"genzai_{n}", "employee_num": n, "name": "名"} for n in numbers])
    old.add_all("yukyu_usage_details", [{"employee_num": n, "use_date": "2025/4/1"} for n in numbers])
    request = {"start_date": "2025-04-01", "end_date": "2025-04-01", "days_requested": 1}
    old.add_all("leave_requests", [{"employee_num": n} | request for n in numbers])


async def test_the_second_import_writes_nothing(database: Database, old: OldFile) -> None:
    fill(old)
    first = await import_file(database.primary_url, old.path)
    before = await rows_of(database.primary_url, VERSIONS)

    second = await import_file(database.primary_url, old.path)

    assert {table.inserted for name, table in first.tables.items() if table.read} == {3}
    assert {table.unchanged for name, table in second.tables.items() if table.read} == {3}
    assert not any(table.inserted or table.updated or table.rejected for table in second.tables.values())
    assert await rows_of(database.primary_url, VERSIONS) == before


async def test_only_rows_that_differ_are_written(database: Database, old: OldFile) -> None:
    fill(old)
    await import_file(database.primary_url, old.path)
    old.run("UPDATE genzai SET name = '新' WHERE id = 'genzai_1'; DELETE FROM genzai WHERE id = 'genzai_2'")

    report = await import_file(database.primary_url, old.path)

    assert (report.tables["genzai"].updated, report.tables["genzai"].unchanged) == (1, 1)
    rows = await rows_of(database.primary_url, "SELECT id, name FROM genzai ORDER BY id")
    assert [row["name"] for row in rows] == ["名", "新", "名"]


async def test_a_day_that_has_a_new_id_in_the_file_keeps_the_one_it_has_here(database: Database, old: OldFile) -> None:
    old.add("yukyu_usage_details", id=1, employee_num="1", use_date="2025-04-01", days_used=1)
    await import_file(database.primary_url, old.path)
    old.run("UPDATE yukyu_usage_details SET id = 99, days_used = 0.5")

    report = await import_file(database.primary_url, old.path)

    assert report.tables["yukyu_usage_details"].updated == 1
    assert await rows_of(database.primary_url, "SELECT id, days_used::text FROM yukyu_usage_details") == [
        {"id": "1", "days_used": "0.500"}
    ]


async def test_days_that_have_moved_onto_each_others_dates_are_moved(database: Database, old: OldFile) -> None:
    for n in (1, 2, 3):
        old.add("yukyu_usage_details", id=n, employee_num="1", use_date=f"2025-04-0{n}", days_used=n)
    await import_file(database.primary_url, old.path)
    old.run("UPDATE yukyu_usage_details SET use_date = 'x' || id")
    old.run("UPDATE yukyu_usage_details SET use_date = '2025-04-0' || (id % 3 + 1)")

    moved = await import_file(database.primary_url, old.path)
    again = await import_file(database.primary_url, old.path)

    assert (moved.tables["yukyu_usage_details"].updated, again.tables["yukyu_usage_details"].unchanged) == (3, 3)
    rows = await rows_of(
        database.primary_url, "SELECT id, extract(day FROM use_date)::int AS day FROM yukyu_usage_details ORDER BY id"
    )
    assert [(row["id"], row["day"]) for row in rows] == [("1", 2), ("2", 3), ("3", 1)]


async def test_readers_go_on_during_an_import_and_see_all_of_it_or_nothing(database: Database, old: OldFile) -> None:
    fill(old, 100)
    seen: list[int] = []

    async def look(connection: asyncpg.Connection) -> None:
        while True:
            seen.append(await connection.fetchval("SELECT count(*) FROM genzai", timeout=5))

    connection = await asyncpg.connect(database.primary_url)
    looking = asyncio.create_task(look(connection))
    await import_file(database.primary_url, old.path)
    await asyncio.sleep(0.05)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await connection.close()

    assert set(seen) == {0, 100}


@pytest.mark.parametrize(
    ("moment", "together"),
    [
        ("employees", 10_000),
        ("leave_requests: writing", 10_000),
        ("genzai: writing", 0),
        ("leave_requests: writing", 0),
    ],
)
async def test_an_import_killed_half_way_leaves_the_database_as_it_was(
    database: Database, old: OldFile, moment: str, together: int
) -> None:
    await sample.load(database.primary_url, 30)
    fill(old, 500)
    before = await rows_of(database.primary_url, VERSIONS)
    importing = await forking.python(
        "-c", KILLED_AT, database.primary_url, old.path, moment, together, stdout=asyncio.subprocess.PIPE
    )
    assert importing.stdout is not None
    assert await importing.stdout.readline() == b"half way\n"

    importing.send_signal(signal.SIGKILL)
    await importing.wait()

    assert await rows_of(database.primary_url, VERSIONS) == before
    assert await rows_of(database.primary_url, "SELECT number FROM data_imports") == []
    report = await import_file(database.primary_url, old.path)
    assert report.rejected == 0
    assert report.tables["genzai"].inserted == 500
