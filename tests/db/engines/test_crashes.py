"""Servers killed for real, while sixteen clients read."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from sqlalchemy import text

from db.cluster import EmbeddedCluster
from db.cluster.postmaster import Postmaster
from db.engines import EngineRole, Engines
from db.errors import DatabaseUnavailableError
from jobs import health
from jobs.health import HealthStatus
from tests.db.cluster.witness import eventually, postmaster
from tests.db.engines.gates import served_by, where

CLIENTS = 16


@pytest.fixture
async def engines(victim: EmbeddedCluster) -> AsyncIterator[Engines]:
    assert victim.replica_url is not None
    async with Engines.open(victim.primary_url, [victim.replica_url]) as opened:
        await eventually(lambda: is_well(opened))
        yield opened


async def is_well(engines: Engines) -> bool:
    return engines.primary is not None and await served_by(engines) is EngineRole.REPLICA


@asynccontextmanager
async def readers(engines: Engines) -> AsyncIterator[Counter[EngineRole]]:
    """Read all the time; any read that fails, fails the test at the end."""
    answers: Counter[EngineRole] = Counter()

    async def read_on() -> None:
        while True:
            answers[await served_by(engines)] += 1
            await asyncio.sleep(0.005)

    clients = [asyncio.create_task(read_on()) for _ in range(CLIENTS)]
    await asyncio.sleep(0.2)
    yield answers
    for client in clients:
        client.cancel()
    outcomes = await asyncio.gather(*clients, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, asyncio.CancelledError)] == []


async def test_no_read_fails_when_the_replica_is_killed_and_it_serves_again(
    victim: EmbeddedCluster, engines: Engines
) -> None:
    async with readers(engines) as answers:
        postmaster(victim, "replica").signal(signal.SIGKILL)
        await eventually(lambda: differs(answers, EngineRole.PRIMARY))
        await eventually(lambda: is_well(engines))
        answers.clear()
        await asyncio.sleep(0.2)

    assert answers[EngineRole.REPLICA] > 0


async def differs(answers: Counter[EngineRole], role: EngineRole) -> bool:
    return answers[role] > 0


async def test_no_read_fails_when_the_primary_is_killed_and_nothing_acknowledged_is_lost(
    victim: EmbeddedCluster, engines: Engines
) -> None:
    async with engines.transaction() as session:
        await session.execute(text("CREATE TABLE kept (n integer)"))
    acknowledged = 0

    async def write(number: int) -> bool:
        try:
            async with engines.transaction() as session:
                await session.execute(text("INSERT INTO kept VALUES (:n)"), {"n": number})
        except DatabaseUnavailableError:
            await asyncio.sleep(0.05)
            return False
        return True

    async with readers(engines):
        for number in range(100):
            acknowledged += await write(number)
        killed = postmaster(victim, "primary")
        killed.signal(signal.SIGKILL)
        await eventually(lambda: is_another(victim, killed.pid))
        async with asyncio.timeout(60):
            while not await write(100):
                pass

    async with engines.transaction() as session:
        kept = (await session.execute(text("SELECT count(DISTINCT n) FROM kept"))).scalar_one()
        await session.execute(text("DROP TABLE kept"))
    assert acknowledged == 100
    assert kept == 101


async def is_another(victim: EmbeddedCluster, pid: int) -> bool:
    found = Postmaster.find(victim.layout.data_directory("primary"))
    return found is not None and found.pid != pid


async def test_server_that_is_frozen_holds_nobody_up_for_long(victim: EmbeddedCluster, engines: Engines) -> None:
    frozen = psutil.Process(postmaster(victim, "replica").pid)
    processes = [frozen, *frozen.children()]
    for process in processes:
        process.suspend()
    try:
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(engines.read(where) for _ in range(20)))
        async with asyncio.timeout(30):
            report = await health.report(engines, version="1")
    finally:
        for process in processes:
            process.resume()
    await eventually(lambda: is_well(engines))

    assert {answer.value for answer in answers} == {"primary"}
    assert report.status is HealthStatus.DEGRADED
    assert [node.status for node in report.nodes] == [HealthStatus.HEALTHY, HealthStatus.DOWN]
