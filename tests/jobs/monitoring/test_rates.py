import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.engines import EngineRole
from db.monitoring.snapshot import Server, Snapshot, Statistics
from db.monitoring.watch import Watch
from jobs.monitoring import rates
from jobs.monitoring.interval import Interval
from tests.conftest import Database
from tests.db.cluster.witness import connected
from tests.db.monitoring.conftest import Watched, watched

__all__ = ["watched"]

FORCED = "SELECT pg_stat_force_next_flush()"


async def read(watch: Watch) -> Server:
    statistics = (await watch.read()).statistics
    return Server(name="primary", role=EngineRole.PRIMARY, fault=None, statistics=statistics)


def snapshot(server: Server) -> Snapshot:
    return Snapshot(taken_at=datetime.now(UTC), servers=(server,), pools=(), disks=(), backups=None, baselines=None)


def interval(before: Server, now: Server) -> Interval:
    return Interval(now=snapshot(now), before=snapshot(before))


async def work(database: Database, *statements: str) -> None:
    async with connected(database.admin_url) as connection:
        for statement in (*statements, FORCED):
            await connection.execute(statement)


async def after(watched: Watched, *statements: str) -> Interval:
    """Return the interval in which these statements were done by a superuser."""
    before = await read(watched.primary)
    await work(watched.database, *statements)
    return interval(before, await read(watched.primary))


def of_primary(found: Interval, **changes: object) -> Interval:
    """Return the interval with something else about the primary before."""
    assert found.before is not None
    server = found.before.servers[0]
    assert server.statistics is not None
    changed = replace(server.statistics, **changes)  # pyright: ignore[reportArgumentType]
    return interval(replace(server, statistics=changed), found.now.servers[0])


@pytest.mark.every_version
async def test_counters_tell_what_happened_in_the_interval_alone(watched: Watched) -> None:
    found = await after(
        watched,
        "BEGIN; ROLLBACK",
        "BEGIN; ROLLBACK",
        "SET work_mem = '64kB'",
        "SELECT count(*) FROM (SELECT n FROM generate_series(1, 50000) AS n ORDER BY md5(n::text)) AS sorted",
        "CHECKPOINT",
    )

    grown = rates.counters(found, found.now.servers[0])

    assert grown is not None
    assert grown.rollbacks == 2
    assert grown.temp_bytes > 0
    assert grown.deadlocks == 0
    hits, rollbacks = rates.cache_hit_ratio(grown), rates.rollback_ratio(grown)
    assert hits is not None
    assert 0 < hits <= 1
    assert rollbacks is not None
    assert 0 < rollbacks < 1


@pytest.mark.every_version
async def test_a_checkpoint_that_was_asked_for_is_a_forced_one(watched: Watched) -> None:
    before = await read(watched.primary)
    await work(watched.database, "CREATE TABLE touched AS SELECT 1", "CHECKPOINT")

    async with asyncio.timeout(60):
        while True:  # the checkpointer counts when it gets round to it
            found = interval(before, await read(watched.primary))
            grown = rates.checkpoints(found, found.now.servers[0])
            assert grown is not None
            if grown.requested:
                break
            await asyncio.sleep(0.05)

    assert rates.forced_ratio(grown) is not None


@pytest.mark.every_version
async def test_a_statement_has_the_mean_of_its_calls_in_the_interval(watched: Watched) -> None:
    await work(watched.database, "SELECT pg_sleep(0.2), 'counted'")

    found = await after(watched, *["SELECT pg_sleep(0.0), 'counted'"] * 3, "SELECT count(*), 'new' FROM staff")

    grown = rates.statements(found, found.now.servers[0])
    assert grown is not None
    counted = next(each for each in grown if each.statement.query.startswith("SELECT pg_sleep"))
    new = next(each for each in grown if each.statement.query.endswith("FROM staff"))
    assert counted.calls == 3
    assert counted.statement.calls == 4
    assert counted.mean_ms < counted.statement.mean_ms
    assert new.calls == 1


@pytest.mark.every_version
async def test_a_table_tells_how_it_was_read_and_written(watched: Watched) -> None:
    found = await after(
        watched,
        "INSERT INTO staff (id, employee_num, name) VALUES ('1', '1', 'x')",
        "SELECT count(*) FROM staff",
    )

    grown = rates.tables(found, found.now.servers[0])

    assert grown is not None
    staff = next(each for each in grown if each.table.name == "staff")
    assert (staff.sequential_scans, staff.sequential_rows, staff.rows_written) == (1, 1, 1)


@pytest.mark.every_version
async def test_counters_that_were_reset_tell_nothing(watched: Watched) -> None:
    found = await after(watched, "SELECT pg_stat_reset()", "SELECT pg_stat_statements_reset()")
    server = found.now.servers[0]

    assert rates.counters(found, server) is None
    assert rates.tables(found, server) is None
    assert rates.statements(found, server) is None


@pytest.mark.every_version
async def test_nor_does_a_server_that_restarted_or_became_another(watched: Watched) -> None:
    found = await after(watched)
    server = found.now.servers[0]
    assert rates.counters(found, server) is not None

    for changed in (
        of_primary(found, started_at=datetime(2026, 1, 1, tzinfo=UTC)),
        of_primary(found, in_recovery=True),
    ):
        assert rates.counters(changed, server) is None
        assert rates.checkpoints(changed, server) is None
        assert rates.archiving_failures(changed, server) is None
        assert rates.statements(changed, server) is None
        assert rates.tables(changed, server) is None


async def test_nor_a_counter_that_went_back_or_has_no_earlier_one(watched: Watched) -> None:
    found = await after(watched)
    server = found.now.servers[0]
    statistics = server.statistics
    assert isinstance(statistics, Statistics)
    more = replace(statistics.counters, deadlocks=statistics.counters.deadlocks + 1)

    assert rates.counters(of_primary(found, counters=more), server) is None
    assert rates.counters(Interval(now=found.now), server) is None


async def test_a_statement_that_may_only_have_been_out_of_sight_is_not_called_new(watched: Watched) -> None:
    found = await after(watched, "SELECT count(*), 'new' FROM staff")
    assert found.before is not None
    before = found.before.servers[0].statistics
    assert before is not None
    assert before.statements is not None

    partial = of_primary(found, statements=replace(before.statements, complete=False))

    grown = rates.statements(partial, found.now.servers[0])
    assert grown is not None
    assert not [each for each in grown if each.statement.query.endswith("FROM staff")]
