import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
from sqlalchemy import text

from db import migrations
from db.engines import EngineRole, Engines, Node
from db.health import heartbeat
from jobs import health
from jobs.health import HealthCheck, HealthStatus, Report
from tests.conftest import Database
from tests.db.cluster.witness import connected, eventually
from tests.db.engines.gates import QUICK, Gate, Pair

HEALTHY, DEGRADED, DOWN = HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.DOWN


@pytest.fixture
async def pair(database: Database) -> AsyncIterator[Pair]:
    """Engines over gates, with a fresh heartbeat."""
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(Gate(database.primary_url))
        replica = await stack.enter_async_context(Gate(database.replica_url))
        engines = await stack.enter_async_context(Engines.open(primary.url, [replica.url], options=QUICK))
        await beat(engines, datetime.now(UTC))
        yield Pair(engines, primary, replica)


async def beat(engines: Engines, moment: datetime) -> None:
    async with engines.transaction() as session:
        await heartbeat.beat(session, now=moment)


async def report(pair: Pair, *directories: Path, later: timedelta = timedelta(0)) -> Report:
    return await health.report(
        pair.engines, version="1.2.3", directories=directories, clock=lambda: datetime.now(UTC) + later
    )


def check(measured: Report, name: str) -> HealthCheck:
    return next(each for each in measured.checks if each.name.startswith(name))


@pytest.mark.every_version
async def test_pair_that_is_well_is_healthy_in_every_figure(pair: Pair, scratch: Path) -> None:
    await eventually(lambda: caught_up(pair))
    measured = await report(pair, scratch)  # where the servers are: the disk of temporary files may be nearly full
    primary, replica = measured.nodes

    assert [each for each in measured.checks if each.status is not HEALTHY] == []
    assert measured.status is HEALTHY
    assert measured.version == "1.2.3"
    assert (measured.schema_revision, measured.schema_is_current) == (migrations.head(), True)
    assert (primary.role, replica.role) == (EngineRole.PRIMARY, EngineRole.REPLICA)
    assert (primary.replay_lag_seconds, primary.replay_lag_bytes) == (None, None)
    assert (replica.replay_lag_seconds, replica.replay_lag_bytes) == (0, 0)
    for node in measured.nodes:
        assert node.server_version is not None
        assert node.server_version[0] == "1"
        assert 0 < (node.latency_ms or 0) < 1000
        assert 0 < (node.connections or 0) <= (node.max_connections or 0)
        assert node.pool.maximum == QUICK.read_connections


async def caught_up(pair: Pair) -> bool:
    return (await report(pair)).nodes[1].replay_lag_bytes == 0


async def test_system_without_its_replica_is_degraded(pair: Pair) -> None:
    await pair.replica.shut()

    measured = await report(pair)

    assert measured.status is DEGRADED
    assert [node.status for node in measured.nodes] == [HEALTHY, DOWN]
    assert measured.nodes[1].latency_ms is None
    assert "start it" in check(measured, "replica").message


async def test_system_without_its_primary_is_down_though_reads_go_on(pair: Pair) -> None:
    await pair.primary.shut()

    measured = await report(pair, later=timedelta(seconds=90))

    assert measured.status is DOWN
    assert [node.status for node in measured.nodes] == [DOWN, HEALTHY]
    assert check(measured, "primary").message.startswith("No server takes writes.")
    assert measured.schema_revision == migrations.head()
    assert (measured.nodes[1].replay_lag_seconds or 0) >= 90


async def test_replica_that_stands_still_is_late_by_its_heartbeat_and_by_bytes(pair: Pair, database: Database) -> None:
    async with connected(admin_on_replica(database)) as replica:
        await replica.execute("SELECT pg_wal_replay_pause()")
        try:
            await eventually(lambda: replica.fetchval("SELECT pg_get_wal_replay_pause_state() = 'paused'"))
            await beat(pair.engines, datetime.now(UTC) + timedelta(seconds=40))
            async with pair.engines.transaction() as session:
                await session.execute(text("INSERT INTO staff (employee_num, name) VALUES ('1', 'x')"))
            await asyncio.sleep(0.5)
            measured = await report(pair)
        finally:
            await replica.execute("SELECT pg_wal_replay_resume()")
    await eventually(lambda: caught_up(pair))

    late = measured.nodes[1]
    assert (late.replay_lag_seconds or 0) >= 39
    assert (late.replay_lag_bytes or 0) > 0
    assert late.status is DEGRADED
    assert measured.status is DEGRADED
    assert "pg_wal_replay_resume" in check(measured, "replica").message
    assert check(measured, "replication lag").threshold == 30


def admin_on_replica(database: Database) -> str:
    mine, its = (url.rpartition("@")[2].partition("/")[0] for url in (database.admin_url, database.replica_url))
    return database.admin_url.replace(mine, its)


async def test_two_servers_that_take_writes_are_told(pair: Pair, database: Database) -> None:
    pair.replica.lead_to(database.primary_url)
    await eventually(lambda: takes_writes(pair.engines.nodes[1]))

    measured = await report(pair)

    assert measured.status is DEGRADED
    assert [node.role for node in measured.nodes] == [EngineRole.PRIMARY, EngineRole.PRIMARY]
    assert "two servers believe they lead" in check(measured, "replica").message


async def takes_writes(node: Node) -> bool:
    return node.role is EngineRole.PRIMARY


async def test_servers_that_hang_are_reported_in_bounded_time(pair: Pair) -> None:
    pair.primary.jam()
    pair.replica.jam()
    started = perf_counter()

    measured = await report(pair)

    assert perf_counter() - started < 30
    assert measured.status is DOWN


async def test_heartbeat_that_stopped_is_told(pair: Pair) -> None:
    measured = await report(pair, later=timedelta(minutes=5))

    told = check(measured, "heartbeat")
    assert told.status is DEGRADED
    assert told.value == pytest.approx(300, abs=5)


async def test_old_schema_is_told(pair: Pair) -> None:
    async with pair.engines.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    measured = await report(pair)

    assert (measured.schema_revision, measured.schema_is_current) == ("0000", False)
    assert check(measured, "schema").status is DEGRADED
    assert "yukyu db upgrade" in check(measured, "schema").message


async def test_server_without_a_schema_is_told(empty_database: Database) -> None:
    async with Engines.open(empty_database.primary_url, options=QUICK) as engines:
        measured = await health.report(engines, version="1")

    assert (measured.status, measured.schema_revision) == (DEGRADED, None)


async def test_free_space_is_measured_in_every_directory(pair: Pair, tmp_path: Path) -> None:
    measured = await report(pair, tmp_path, tmp_path / "missing")
    there, missing = (each for each in measured.checks if each.name.startswith("disk"))

    assert (there.value or 0) > 0
    assert there.unit == "bytes"
    assert missing.status is DEGRADED
