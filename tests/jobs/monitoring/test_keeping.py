import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from sqlmodel import func, select

from db.control import Control, SnapshotRow, snapshots
from db.monitoring.snapshot import Snapshot
from jobs.monitoring.interval import Interval
from jobs.monitoring.keeping import Listener, keep
from jobs.site import Monitoring, Site
from tests import forking
from tests.jobs.monitoring.conftest import Gated

PATIENCE_SECONDS = 60


@asynccontextmanager
async def keeping(site: Site, *listeners: Listener) -> AsyncIterator[None]:
    keeper = asyncio.create_task(keep(site, listeners=listeners))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.intervals: list[Interval] = []

    async def __call__(self, _: Site, interval: Interval) -> None:
        self.intervals.append(interval)

    async def until(self, count: int) -> Sequence[Interval]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.intervals) < count:  # noqa: ASYNC110 - the keeper's
                await asyncio.sleep(0.02)
        return self.intervals


async def newest(control: Control) -> Snapshot | None:
    async with control.reading() as session:
        return await snapshots.newest(session)


async def test_each_tick_is_stored_and_told_with_the_one_before(gated: Gated) -> None:
    heard = Heard()
    async with keeping(gated.site, heard):
        first, second = (await heard.until(2))[:2]

    assert (first.before, first.seconds) == (None, None)
    assert second.before == first.now
    assert second.seconds is not None
    assert second.seconds >= 0.5
    async with gated.site.control.reading() as session:
        assert await snapshots.newest(session, until=second.now.taken_at) == second.now


async def test_a_listener_that_fails_is_passed_over(gated: Gated) -> None:
    async def broken(_: Site, __: Interval) -> None:
        raise ZeroDivisionError

    heard = Heard()
    async with keeping(gated.site, broken, heard):
        assert len(await heard.until(2)) >= 2


async def test_a_dead_primary_is_told_and_stored(gated: Gated) -> None:
    await gated.primary.shut()
    heard = Heard()
    async with keeping(gated.site, heard):
        told = (await heard.until(1))[0].now
    await gated.primary.open()

    assert told.primary is None
    assert told.servers[0].fault is not None
    stored = await newest(gated.site.control)
    assert stored is not None
    assert stored.servers[0].fault is not None


async def test_a_tick_that_takes_longer_than_the_interval_skips_those_it_overran(gated: Gated) -> None:
    async def slow(_: Site, __: Interval) -> None:
        await asyncio.sleep(0.5)

    heard = Heard()
    often = replace(gated.site, monitoring=Monitoring(interval=timedelta(seconds=0.4)))
    async with keeping(often, slow, heard):
        intervals = (await heard.until(3))[:3]

    times = [each.now.taken_at for each in intervals]
    assert all(later - earlier >= timedelta(seconds=0.7) for earlier, later in pairwise(times))


async def test_the_snapshot_of_a_day_before_is_told_too(gated: Gated) -> None:
    heard = Heard()
    async with keeping(gated.site, heard):
        now = (await heard.until(1))[0].now
    yesterday = replace(now, taken_at=now.taken_at - timedelta(days=1, minutes=5))
    async with gated.site.control.transaction() as session:
        await snapshots.store(session, yesterday)

    again = Heard()
    async with keeping(gated.site, again):
        told = (await again.until(1))[0]

    assert told.day_before == yesterday
    assert told.before is not None
    assert told.before.taken_at >= now.taken_at


async def test_a_snapshot_of_long_ago_is_not_the_one_before(gated: Gated) -> None:
    heard = Heard()
    async with keeping(gated.site, heard):
        now = (await heard.until(1))[0].now
    later = replace(gated.site, clock=lambda: now.taken_at + timedelta(hours=3))

    again = Heard()
    async with keeping(later, again):
        told = (await again.until(1))[0]

    assert told.before is None


async def test_a_worker_that_is_killed_leaves_a_store_that_goes_on(gated: Gated) -> None:
    site = gated.site
    process = await forking.python("-m", "tests.jobs.monitoring.process", site.installation.layout.root, stdout=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await process.stdout.readline() == b"3 snapshots\n"
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    heard = Heard()
    async with keeping(site, heard):
        told = (await heard.until(1))[0]

    async with site.control.reading() as session:
        count = (await session.exec(select(func.count()).select_from(SnapshotRow))).one()
    assert count >= 4
    assert told.before is not None
