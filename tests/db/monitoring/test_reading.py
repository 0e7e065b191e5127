import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import asyncpg
import pytest

from db.monitoring.reading import Reading
from db.monitoring.snapshot import Session, Statistics, Table
from db.monitoring.watch import Watch
from tests.conftest import Database
from tests.db.cluster.witness import connected, eventually
from tests.db.engines.gates import Gate
from tests.db.monitoring.conftest import Watched

PATIENCE_SECONDS = 60


async def statistics(watch: Watch) -> Statistics:
    return (await watch.read()).statistics


async def until(watch: Watch, condition: Callable[[Statistics], object]) -> Statistics:
    """Wait until a reading is as expected, and return it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition(found := await statistics(watch)):  # noqa: ASYNC110 - the event is in the server
            await asyncio.sleep(0.05)
    return found


async def session(watch: Watch, condition: Callable[[Session], object]) -> Session:
    found = await until(watch, lambda seen: any(map(condition, seen.sessions)))
    return next(filter(condition, found.sessions))


def table(found: Statistics, name: str) -> Table:
    return next(each for each in found.tables if each.name == name)


@pytest.mark.every_version
async def test_a_primary_tells_everything_of_itself(watched: Watched) -> None:
    found = await until(watched.primary, lambda seen: seen.senders)

    assert found.started_at < datetime.now(UTC)
    assert found.in_recovery is False
    assert (found.streaming, found.lag_seconds, found.lag_bytes) == (None, None, None)
    assert found.lsn > 0
    assert found.database_bytes > 1_000_000
    assert found.counters.commits > 0
    assert found.counters.blocks_hit > 0
    assert found.checkpoints is not None
    assert found.connections.total >= 1
    assert found.connections.maximum == 97
    assert found.archiver is not None
    assert found.senders[0].state == "streaming"
    assert found.senders[0].sent_lag_bytes is not None
    assert found.slots[0].active
    assert {"employees", "genzai", "ukeoi", "staff"} <= {each.name for each in found.tables}


@pytest.mark.every_version
async def test_a_standby_tells_what_is_its_own(watched: Watched) -> None:
    found = await until(watched.replica, lambda seen: seen.streaming)

    assert found.in_recovery is True
    assert found.lsn > 0
    assert (found.checkpoints, found.archiver) == (None, None)
    assert (found.senders, found.slots) == ((), ())
    assert found.statements is not None
    assert table(found, "employees").total_bytes > 0


@pytest.mark.every_version
async def test_a_transaction_that_idles_is_seen_with_its_age_and_without_what_it_is_about(watched: Watched) -> None:
    async with connected(watched.database.primary_url) as idler:
        await idler.execute("SET application_name = 'forgetful'")
        await idler.execute("BEGIN; SELECT '山田 太郎', 42 /* 佐藤 */")

        found = await session(watched.primary, lambda each: each.application == "forgetful")

    assert found.state == "idle in transaction"
    assert found.user == "yukyu"
    assert found.query == "BEGIN; SELECT ?, ?"
    assert found.transaction_seconds is not None
    assert found.transaction_seconds >= 1
    assert found.idle_in_transaction_seconds is not None
    assert (found.query_seconds, found.lock_wait_seconds, found.blocked_by) == (None, None, ())


@pytest.mark.every_version
async def test_who_waits_for_a_lock_says_for_whom(watched: Watched) -> None:
    async with connected(watched.database.primary_url) as holder, connected(watched.database.primary_url) as waiter:
        await holder.execute("BEGIN; LOCK TABLE staff IN EXCLUSIVE MODE")
        waiting = asyncio.create_task(waiter.execute("LOCK TABLE staff IN EXCLUSIVE MODE; SELECT 1"))

        found = await session(watched.primary, lambda each: each.lock_wait_seconds is not None)
        await holder.execute("COMMIT")
        await waiting

    assert found.blocked_by == (holder.get_server_pid(),)
    assert found.pid == waiter.get_server_pid()


async def test_whom_very_many_wait_for_is_among_the_sessions(watched: Watched) -> None:
    many, url = 51, watched.database.primary_url
    async with AsyncExitStack() as stack:
        holder, *waiters = [await stack.enter_async_context(connected(url)) for _ in range(1 + many)]
        await holder.execute("BEGIN; SELECT pg_advisory_xact_lock(51)")
        waiting = [asyncio.create_task(each.execute("SELECT pg_advisory_xact_lock(51)")) for each in waiters]

        def all_wait(seen: Statistics) -> bool:
            return sum(each.lock_wait_seconds is not None for each in seen.sessions) >= many - 2

        await until(watched.primary, all_wait)
        found = await session(watched.primary, lambda each: each.pid == holder.get_server_pid())
        await holder.execute("COMMIT")
        await asyncio.gather(*waiting)

    assert found.state == "idle in transaction"


@pytest.mark.every_version
async def test_a_table_that_is_locked_does_not_stop_the_reading(watched: Watched) -> None:
    async with connected(watched.database.primary_url) as holder:
        await holder.execute("INSERT INTO staff (id, employee_num, name) VALUES ('1', '1', 'x')")
        await holder.execute("VACUUM staff")
        await holder.execute("BEGIN; LOCK TABLE staff IN ACCESS EXCLUSIVE MODE")

        found = await statistics(watched.primary)

    assert table(found, "staff").table_bytes == 8192
    assert table(found, "staff").total_bytes > 8192


@pytest.mark.every_version
async def test_statements_are_without_literals_utility_ones_and_our_own(watched: Watched) -> None:
    async with connected(watched.database.primary_url) as client:
        for name in ("山田", "佐藤"):
            await client.execute(f"SELECT count(*) FROM staff WHERE name = '{name}'")  # noqa: S608 - what is tested
        await client.execute("COMMENT ON TABLE staff IS '鈴木'")
    await statistics(watched.primary)

    found = (await statistics(watched.primary)).statements

    assert found is not None
    assert found.reset_at is not None
    texts = [each.query for each in found.entries]
    counted = next(each for each in found.entries if each.query.startswith("SELECT count(*) FROM staff"))
    assert counted.query == "SELECT count(*) FROM staff WHERE name = $1"
    assert (counted.calls, counted.rows) == (2, 2)
    assert counted.total_ms >= counted.max_ms > 0
    assert not [text for text in texts if "pg_stat_activity" in text or "COMMENT" in text or "鈴木" in text]


@pytest.mark.every_version
async def test_without_the_extension_there_are_no_statements_rather_than_none_found(database: Database) -> None:
    watch = Watch(database.primary_url)

    assert (await statistics(watch)).statements is None
    watch.close()


async def test_a_connection_is_kept_and_opened_again_when_it_was_lost(database: Database) -> None:
    async def pid(connection: asyncpg.Connection) -> int:
        return connection.get_server_pid()

    async with Gate(database.primary_url) as gate:
        watch = Watch(gate.url)
        first, second = await watch.ask(pid), await watch.ask(pid)
        gate.cut()

        async def back() -> Reading:
            return await watch.read()

        await eventually(back, seconds=PATIENCE_SECONDS)
        third = await watch.ask(pid)
        watch.close()

    assert first == second
    assert third != first


async def test_our_statements_have_a_time_limit(database: Database) -> None:
    watch = Watch(database.primary_url)

    with pytest.raises(asyncpg.QueryCanceledError, match="statement timeout"):
        await watch.ask(lambda connection: connection.execute("SELECT pg_sleep(60)"))
    watch.close()
