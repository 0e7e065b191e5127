"""A large import over two connections: kept whole or not at all, but for the moment between its two transactions."""

import asyncio
import signal

import asyncpg
import pytest

from db import transfer
from jobs.data import sample
from jobs.data.legacy import HalfKeptError, Manner, import_file
from jobs.data.legacy.importing import KEEPING
from jobs.data.rolling_back import roll_back
from tests import forking
from tests.conftest import Database
from tests.jobs.data.legacy.contents import checksums
from tests.jobs.data.legacy.old_file import OldFile, rows_of
from tests.jobs.data.legacy.test_again import KILLED_AT, fill
from tests.jobs.data.legacy.test_rolling_back import NOW

SHARED = Manner(together=0)
REPORTS = "SELECT id, report::json -> 'tables' AS tables, report -> 'pending_tables' AS pending FROM data_imports"
LATER = {str(table.name) for table in transfer.LATER}
SOONER = {str(table.name) for table in transfer.SOONER}


async def rolled_back(url: str, id_: str | None) -> None:
    assert id_ is not None
    await roll_back(url, id_, by="aiko", now=NOW)


async def test_it_does_what_one_transaction_does(database: Database, old: OldFile) -> None:
    url = database.primary_url
    fill(old, 500)
    old.add("genzai", id="twice", employee_num="1", name="名", hire_date="soon")
    old.add("leave_requests", employee_num="1", start_date="soon")
    empty = await checksums(url)
    together = await import_file(url, old.path)
    there = await checksums(url)
    await rolled_back(url, together.id)

    shared = await import_file(url, old.path, SHARED)

    assert await checksums(url) == there
    assert shared.tables == together.tables
    (first, second) = await rows_of(url, f"{REPORTS} ORDER BY number")
    assert (first["tables"], first["pending"]) == (second["tables"], second["pending"])
    assert second["pending"] == "[]"
    await rolled_back(url, shared.id)
    assert await checksums(url) == empty


async def half_kept(database: Database, old: OldFile) -> str:
    """Kill an import between its two transactions, and return its id."""
    fill(old, 50)
    importing = await forking.python(
        "-c", KILLED_AT, database.primary_url, old.path, KEEPING, 0, stdout=asyncio.subprocess.PIPE
    )
    assert importing.stdout is not None
    assert await importing.stdout.readline() == b"half way\n"
    importing.send_signal(signal.SIGKILL)
    await importing.wait()
    (kept,) = await rows_of(database.primary_url, REPORTS)
    return str(kept["id"])


async def test_killed_between_its_transactions_it_says_so_and_the_next_completes_it(
    database: Database, old: OldFile
) -> None:
    url = database.primary_url
    await sample.load(url, 30)
    before = await checksums(url)
    half = await half_kept(database, old)

    now = await checksums(url)
    assert {name for name in now if now[name] == before[name]} >= LATER
    (kept,) = await rows_of(url, "SELECT report ->> 'pending_tables' AS pending, report::text FROM data_imports")
    assert kept["pending"] == '["genzai", "ukeoi"]'
    assert '"genzai": {' not in str(kept["report"])

    done = await import_file(url, old.path, SHARED)

    assert {name for name, table in done.tables.items() if table.inserted} <= LATER
    assert done.tables["genzai"].inserted == done.tables["employees"].unchanged == 50
    assert await rows_of(url, "SELECT 1 FROM data_imports WHERE report -> 'pending_tables' = '[]'") != []
    await rolled_back(url, done.id)
    await rolled_back(url, half)
    assert await checksums(url) == before


async def test_killed_between_its_transactions_it_can_be_taken_back_alone(database: Database, old: OldFile) -> None:
    before = await checksums(database.primary_url)
    half = await half_kept(database, old)
    assert await checksums(database.primary_url) != before

    await rolled_back(database.primary_url, half)

    assert await checksums(database.primary_url) == before


async def test_a_connection_that_breaks_between_them_is_told_with_what_to_do(database: Database, old: OldFile) -> None:
    fill(old)

    def broken(subject: str, _done: int, _total: int) -> None:
        if subject == KEEPING:
            raise ConnectionResetError("the cable was pulled")

    with pytest.raises(HalfKeptError, match=r"leave_requests were in the database: .*The cable was pulled\.$") as told:
        await import_file(database.primary_url, old.path, SHARED, on_progress=broken)

    (kept,) = await rows_of(database.primary_url, REPORTS)
    assert f"yukyu data rollback {kept['id']}" in (told.value.hint or "")


IMPATIENT = """
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 1500', current_database());
    END $$
"""
SLOW = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END';
    CREATE TRIGGER slow BEFORE INSERT ON {} FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""


@pytest.mark.parametrize("slow", ["genzai", "employees"])
async def test_one_connection_waits_for_the_other_longer_than_the_server_lets_it_be_silent(
    database: Database, old: OldFile, slow: str
) -> None:
    url = database.primary_url
    fill(old)
    connection = await asyncpg.connect(url)
    await connection.execute(IMPATIENT)
    await connection.execute(SLOW.format(slow))
    await connection.close()

    done = await import_file(url, old.path, SHARED)

    assert done.tables["genzai"].inserted == done.tables["employees"].inserted == done.tables["genzai"].read > 0


@pytest.mark.parametrize("subject", ["genzai: writing", "leave_requests: writing", "employees"])
async def test_what_goes_wrong_on_one_connection_takes_both_back(
    database: Database, old: OldFile, subject: str
) -> None:
    fill(old)
    before = await checksums(database.primary_url)

    def wrong(told: str, done: int, total: int) -> None:
        if (told, done) == (subject, total):
            raise RuntimeError(subject)

    with pytest.raises(RuntimeError, match=subject):
        await import_file(database.primary_url, old.path, SHARED, on_progress=wrong)

    assert await checksums(database.primary_url) == before
    assert await rows_of(database.primary_url, REPORTS) == []


@pytest.mark.parametrize("table", ["genzai", "staff"])
async def test_a_dry_run_and_a_strict_one_judge_both_before_either_is_kept(
    database: Database, old: OldFile, table: str
) -> None:
    url = database.primary_url
    fill(old)
    old.add(table, id="late", employee_num="2", name="二", hire_date="soon")
    before = await checksums(url)

    tried = await import_file(url, old.path, Manner(together=0, dry_run=True))
    refused = await import_file(url, old.path, Manner(together=0, strict=True))

    assert (tried.id, tried.rejected, refused.id, refused.refused) == (None, 1, None, True)
    assert await checksums(url) == before
    assert await rows_of(url, REPORTS) == []


async def test_nobody_else_writes_to_any_table_until_both_are_kept(database: Database, old: OldFile) -> None:
    fill(old)
    locked: list[set[str]] = []
    looking = await asyncpg.connect(database.primary_url)
    query = "SELECT relation::regclass::text AS name FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND granted"
    looks: list[asyncio.Task[None]] = []

    async def look() -> None:
        locked.append({row["name"] for row in await looking.fetch(query)})

    def begun(subject: str, _done: int, _total: int) -> None:
        if subject.endswith(": writing") and not looks:
            looks.append(asyncio.create_task(look()))

    await import_file(database.primary_url, old.path, SHARED, on_progress=begun)
    await asyncio.gather(*looks)
    await looking.close()

    assert locked
    assert locked[0] >= LATER | SOONER
