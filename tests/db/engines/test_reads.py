import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import asyncpg
import pytest
from sqlalchemy import text

from db.engines import EngineOptions, EngineRole, Engines
from db.lsn import Lsn
from tests.conftest import Database
from tests.db.cluster.witness import connected, eventually
from tests.db.engines.gates import QUICK, Pair, served_by, where

# Ten connections at once are opened in their own time on a busy machine.
PATIENT = replace(QUICK, connect_timeout=timedelta(seconds=30), acquire_timeout=timedelta(seconds=30))

FAR_AHEAD = Lsn.parse("FFFF/0")


async def commit(engines: Engines, number: int) -> Lsn:
    async with engines.transaction() as session:
        await session.execute(text("INSERT INTO staff (employee_num, name) VALUES (:n, 'x')"), {"n": str(number)})
    assert session.lsn is not None
    return session.lsn


async def count_of(connection: asyncpg.Connection, number: int) -> int:
    return await connection.fetchval("SELECT count(*) FROM staff WHERE employee_num = $1", str(number))


async def test_reads_are_answered_by_the_replica(pair: Pair) -> None:
    answer = await pair.engines.read(where)

    assert (answer.value, answer.served_by) == ("standby", EngineRole.REPLICA)
    assert answer.node == pair.engines.nodes[1].name


async def test_alone_the_primary_answers_as_itself(database: Database) -> None:
    async with Engines.open(database.primary_url) as engines:
        assert await served_by(engines) is EngineRole.PRIMARY


@pytest.mark.every_version(others="long")
async def test_no_read_of_a_thousand_misses_the_commit_it_follows(database: Database) -> None:
    roles: Counter[EngineRole] = Counter()
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:

        async def client(start: int) -> None:
            for number in range(start, start + 250):
                lsn = await commit(engines, number)
                answer = await engines.read(lambda connection, n=number: count_of(connection, n), after=lsn)
                assert answer.value == 1
                roles[answer.served_by] += 1

        await asyncio.gather(*(client(start) for start in (0, 1000, 2000, 3000)))

    assert roles.total() == 1000
    assert roles[EngineRole.REPLICA] > 900


async def test_replica_that_stands_still_is_not_asked_for_what_it_has_not_got(pair: Pair, database: Database) -> None:
    replica_admin = admin_url_of_replica(database)
    async with connected(replica_admin) as replica:
        await replica.execute("SELECT pg_wal_replay_pause()")
        try:
            await eventually(lambda: replica.fetchval("SELECT pg_get_wal_replay_pause_state() = 'paused'"))
            lsn = await commit(pair.engines, 1)
            behind = await pair.engines.read(lambda connection: count_of(connection, 1))
            fresh = await pair.engines.read(lambda connection: count_of(connection, 1), after=lsn)
        finally:
            await replica.execute("SELECT pg_wal_replay_resume()")
    later = await eventually_from_replica(pair.engines, lsn)

    assert (behind.value, behind.served_by) == (0, EngineRole.REPLICA)
    assert (fresh.value, fresh.served_by) == (1, EngineRole.PRIMARY)
    assert later == 1


async def eventually_from_replica(engines: Engines, lsn: Lsn) -> int:
    async with asyncio.timeout(60):
        while True:
            answer = await engines.read(lambda connection: count_of(connection, 1), after=lsn)
            if answer.served_by is EngineRole.REPLICA:
                return answer.value


def admin_url_of_replica(database: Database) -> str:
    """Return the superuser's address on the replica: the application's host with the superuser's password."""
    return database.admin_url.replace(host(database.admin_url), host(database.replica_url))


def host(url: str) -> str:
    return url.rpartition("@")[2].partition("/")[0]


async def test_replica_that_came_back_with_less_is_not_believed_to_have_what_it_had(
    pair: Pair, database: Database
) -> None:
    """A standby that crashed replays again from its last restart point; meanwhile it is behind its own past."""
    async with connected(admin_url_of_replica(database)) as replica:
        await replica.execute("SELECT pg_wal_replay_pause()")
        try:
            await eventually(lambda: replica.fetchval("SELECT pg_get_wal_replay_pause_state() = 'paused'"))
            lsn = await commit(pair.engines, 1)
            pair.engines.nodes[1].position.advance(lsn)
            pair.replica.cut()
            answer = await pair.engines.read(lambda connection: count_of(connection, 1), after=lsn)
        finally:
            await replica.execute("SELECT pg_wal_replay_resume()")

    assert (answer.value, answer.served_by) == (1, EngineRole.PRIMARY)


async def test_wait_for_freshness_is_bounded(pair: Pair, database: Database) -> None:
    async with connected(admin_url_of_replica(database)) as replica:
        await replica.execute("SELECT pg_wal_replay_pause()")
        try:
            await eventually(lambda: replica.fetchval("SELECT pg_get_wal_replay_pause_state() = 'paused'"))
            lsn = await commit(pair.engines, 1)
            started = perf_counter()
            await pair.engines.read(where, after=lsn)
            took = perf_counter() - started
        finally:
            await replica.execute("SELECT pg_wal_replay_resume()")

    assert QUICK.freshness_wait.total_seconds() <= took < 30


async def test_position_that_nobody_has_written_costs_no_wait(pair: Pair) -> None:
    await pair.engines.read(where, after=FAR_AHEAD)
    started = perf_counter()
    answers = [await pair.engines.read(where, after=FAR_AHEAD) for _ in range(100)]
    took = perf_counter() - started

    assert {answer.served_by for answer in answers} == {EngineRole.PRIMARY}
    assert took < 100 * QUICK.freshness_wait.total_seconds() / 2


async def test_answer_says_a_position_that_covers_what_was_asked_for(pair: Pair) -> None:
    lsn = await commit(pair.engines, 1)

    answer = await pair.engines.read(where, after=lsn)

    assert answer.lsn is not None
    assert answer.lsn >= lsn


async def test_several_replicas_share_the_reads(database: Database) -> None:
    other_address = database.replica_url.replace("127.0.0.1", "localhost")
    async with Engines.open(database.primary_url, [database.replica_url, other_address]) as engines:
        nodes = [(await engines.read(where)).node for _ in range(20)]
        together = await asyncio.gather(*(engines.read(where) for _ in range(20)))

    assert nodes.count(engines.nodes[1].name) == nodes.count(engines.nodes[2].name) == 10
    assert [answer.node for answer in together].count(engines.nodes[1].name) == 10


async def test_statement_that_is_wrong_is_not_tried_elsewhere(pair: Pair) -> None:
    tries: list[str] = []

    async def wrong(connection: asyncpg.Connection) -> None:
        tries.append(await where(connection))
        await connection.fetch("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await pair.engines.read(wrong)
    assert tries == ["standby"]
    assert await served_by(pair.engines) is EngineRole.REPLICA


async def test_statement_that_takes_too_long_is_not_tried_elsewhere(pair: Pair) -> None:
    async def long(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = '20ms'")
            await connection.fetch("SELECT pg_sleep(5)")

    with pytest.raises(asyncpg.QueryCanceledError):
        await pair.engines.read(long)
    assert await served_by(pair.engines) is EngineRole.REPLICA


async def test_reading_cannot_write_on_the_primary_either(database: Database) -> None:
    async with Engines.open(database.primary_url) as engines:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await engines.read(lambda connection: connection.execute("DELETE FROM staff"))


async def test_query_that_replay_cancels_is_answered_by_the_primary(pair: Pair, database: Database) -> None:
    """DROP DATABASE is not needed for a conflict: a lock on the primary that its replica has to replay is enough."""
    reading = asyncio.Event()

    async def holding(connection: asyncpg.Connection) -> str:
        async with connection.transaction():
            await connection.fetch("SELECT * FROM staff")
            reading.set()
            await connection.fetch("SELECT pg_sleep(2) WHERE pg_is_in_recovery()")
            return await where(connection)

    async with AsyncExitStack() as stack:
        replica = await stack.enter_async_context(connected(admin_url_of_replica(database)))
        await set_conflict_delay(replica, "10ms")
        stack.push_async_callback(set_conflict_delay, replica, None)
        read = asyncio.create_task(pair.engines.read(holding))
        await reading.wait()
        async with connected(database.primary_url) as primary:
            await primary.execute("ALTER TABLE staff ADD COLUMN another integer")
        answer = await read
        again = await served_by(pair.engines)

    assert (answer.value, answer.served_by) == ("primary", EngineRole.PRIMARY)
    assert again is EngineRole.REPLICA


async def set_conflict_delay(replica: asyncpg.Connection, value: str | None) -> None:
    setting = "RESET max_standby_streaming_delay" if value is None else f"SET max_standby_streaming_delay = '{value}'"
    await replica.execute(f"ALTER SYSTEM {setting}")
    await replica.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(0.2)


async def test_full_pool_is_no_reason_to_call_a_node_dead(database: Database) -> None:
    options = EngineOptions(read_connections=1, acquire_timeout=QUICK.freshness_wait)
    async with Engines.open(database.primary_url, [database.replica_url], options=options) as engines:
        busy = asyncio.create_task(engines.read(lambda connection: connection.fetchval("SELECT pg_sleep(0.5)")))
        await asyncio.sleep(0.1)
        waited = await engines.read(where)
        replica = engines.nodes[1]

        assert waited.served_by is EngineRole.PRIMARY
        assert replica.is_up
        await busy


async def test_warming_opens_every_connection_and_works_once_on_each(database: Database) -> None:
    async with Engines.open(database.primary_url, [database.replica_url], options=PATIENT) as engines:
        seen: list[int] = []

        async def look(connection: asyncpg.Connection) -> None:
            seen.append(connection.get_server_pid())

        await engines.warm(look)
        usages = [node.reads.usage() for node in engines.nodes]

    assert len(set(seen)) == len(seen) == 2 * PATIENT.read_connections
    assert [(usage.size, usage.in_use) for usage in usages] == [(PATIENT.read_connections, 0)] * 2


async def test_warming_does_without_a_node_that_is_down(database: Database) -> None:
    async with Engines.open(
        database.primary_url, ["postgresql://yukyu:x@127.0.0.1:1/none"], options=PATIENT
    ) as engines:
        await engines.warm(where)

        assert [node.reads.usage().size for node in engines.nodes] == [PATIENT.read_connections, 0]
