"""Workers that are killed at any moment: nothing is lost, and nothing is told twice."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import pytest
from sqlmodel import select

from db.control import AlertEventKind, AlertState, Control, Delivery, alerts
from tests import forking
from tests.jobs.worker.sites import open_site

WORKER = Path(__file__).with_name("worker.py")
pytestmark = pytest.mark.long

FIRED, RESOLVED = AlertEventKind.FIRED, AlertEventKind.RESOLVED


async def test_workers_that_are_killed_tell_everything_once(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - not a secret
    async with open_site(tmp_path) as site:
        for _ in range(4):
            worker = await forking.python(WORKER, tmp_path)
            before = await newest(site.control)
            async with asyncio.timeout(60):
                while await newest(site.control) < before + 10:  # noqa: ASYNC110 - the event is in another process
                    await asyncio.sleep(0.02)
            await asyncio.sleep(chance.random() / 10)
            worker.kill()
            await worker.wait()
        async with site.control.reading() as session:
            log = await alerts.events_after(session, 0, limit=100_000)
            every = await alerts.newest(session, alerts.Wanted(), limit=100_000)
            outbox = (await session.exec(select(Delivery))).all()

    kinds: dict[str, list[AlertEventKind]] = defaultdict(list)
    for event in log:
        kinds[event.alert_id].append(AlertEventKind(event.kind))
    assert len(every) > 10
    for alert in every:
        assert kinds[alert.id] == ([FIRED, RESOLVED] if alert.state is AlertState.RESOLVED else [FIRED])
    assert [event.number for event in log] == list(range(1, len(log) + 1))
    assert sorted((each.event_number, each.channel) for each in outbox) == sorted(
        (event.number, channel) for event in log for channel in ("log", "email")
    )


async def newest(control: Control) -> int:
    async with control.reading() as session:
        return (await alerts.extent(session) or (0, 0))[1]
