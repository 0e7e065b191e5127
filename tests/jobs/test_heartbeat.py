import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from db import migrations
from db.engines import Engines
from jobs import heartbeat
from tests.conftest import Database
from tests.db.cluster.witness import answer, eventually
from tests.db.engines.gates import QUICK, Gate

MOMENT = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
BEAT_AT = "SELECT beat_at FROM replication_heartbeat"


class Clock:
    """Says the moment it is set to."""

    def __init__(self) -> None:
        self.now = MOMENT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def gate(database: Database) -> AsyncIterator[Gate]:
    async with Gate(database.primary_url) as opened:
        yield opened


async def test_beats_reach_the_replica_and_survive_the_primary_s_absence(database: Database, gate: Gate) -> None:
    clock = Clock()
    async with Engines.open(gate.url, options=QUICK) as engines:
        beating = asyncio.create_task(heartbeat.keep_beating(engines, clock=clock, interval=timedelta(milliseconds=50)))
        await eventually(lambda: is_at(database, MOMENT))
        await gate.shut()
        await asyncio.sleep(0.3)
        clock.now = MOMENT + timedelta(hours=1)
        await gate.open()
        await eventually(lambda: is_at(database, MOMENT + timedelta(hours=1)))
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


@pytest.mark.usefixtures("unconfigured_logs")
async def test_a_database_that_is_not_migrated_yet_is_waited_for_in_a_sentence(empty_database: Database) -> None:
    interval = timedelta(milliseconds=50)
    async with Engines.open(empty_database.primary_url, options=QUICK) as engines:
        with capture_logs() as logged:
            beating = asyncio.create_task(heartbeat.keep_beating(engines, clock=Clock(), interval=interval))
            await asyncio.sleep(0.3)
            await migrations.upgrade(empty_database.primary_url)
            await eventually(lambda: is_at(empty_database, MOMENT))
            await eventually(lambda: said(logged, "heartbeat is back"))
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    told = [line for line in logged if line["event"].startswith("heartbeat")]
    assert [line["event"] for line in told] == ["heartbeat stopped", "heartbeat is back"]
    assert "`yukyu db upgrade`" in told[0]["reason"]


async def said(logged: Sequence[Mapping[str, Any]], event: str) -> bool:
    return any(line["event"] == event for line in logged)


async def is_at(database: Database, moment: datetime) -> bool:
    return await answer(database.replica_url, BEAT_AT) == moment
