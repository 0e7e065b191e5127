"""The keeper: takes a snapshot every tick, keeps it, and shows it to whoever listens."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from db.cancelling import pause
from db.control import snapshots
from db.monitoring.snapshot import Snapshot
from jobs.monitoring.interval import Interval
from jobs.monitoring.taking import LookAtBaselines, Taking
from jobs.site import Site

log = structlog.get_logger(__name__)

Listener = Callable[[Site, Interval], Awaitable[None]]

LISTENER_SECONDS: Final = 60
THIN_EVERY: Final = timedelta(minutes=10)

# A snapshot from longer ago says nothing about now: monitoring was off in between.
STALE: Final = timedelta(minutes=5)
DAY: Final = timedelta(days=1)
ABOUT: Final = timedelta(hours=2)


async def keep(site: Site, *, listeners: Sequence[Listener] = (), baselines: LookAtBaselines | None = None) -> None:
    """Take snapshots until cancelled. A tick that takes longer than the interval lets those it overruns out.

    Args:
        site: what to look at, and how often.
        listeners: told of each interval, one after the other; one that fails does not keep it from the next.
        baselines: looks at baselines for the snapshots.
    """
    keeping = _Keeping(site, listeners, await _newest(site))
    taking = Taking(site, before=keeping.before, baselines=baselines)
    loop, seconds = asyncio.get_running_loop(), site.monitoring.interval.total_seconds()
    began = loop.time()
    try:
        while True:
            await keeping.tick(await taking.take())
            ticks = math.floor((loop.time() - began) / seconds) + 1
            await pause(began + ticks * seconds - loop.time())
    finally:
        taking.close()


class _Keeping:
    def __init__(self, site: Site, listeners: Sequence[Listener], before: Snapshot | None) -> None:
        self.before = before
        self._site = site
        self._listeners = listeners
        self._thin_at: datetime | None = None
        self._day_before: Snapshot | None = None
        self._trouble: str | None = None

    async def tick(self, now: Snapshot) -> None:
        await self._store(now)
        interval = Interval(now=now, before=self._recent(now), day_before=self._day_before)
        for listener in self._listeners:
            try:
                async with asyncio.timeout(LISTENER_SECONDS):
                    await listener(self._site, interval)
            except Exception:
                log.exception("a listener to snapshots failed")
        self.before = now

    def _recent(self, now: Snapshot) -> Snapshot | None:
        longest = max(STALE, 3 * self._site.monitoring.interval)
        recent = self.before is not None and timedelta(0) < now.taken_at - self.before.taken_at <= longest
        return self.before if recent else None

    async def _store(self, now: Snapshot) -> None:
        """Keep a snapshot; where the store cannot be written, its disk may be full, alerts are the more wanted."""
        try:
            async with self._site.control.transaction() as session:
                await snapshots.store(session, now)
            if self._thin_at is None or now.taken_at >= self._thin_at:
                self._thin_at = now.taken_at + THIN_EVERY
                await self._thin(now.taken_at)
            self._trouble = None
        except Exception as failure:  # noqa: BLE001 - whatever the store's driver raises
            if (reason := str(failure)) != self._trouble:
                log.error("snapshot not stored", reason=reason)  # noqa: TRY400 - once, and without where in our code
            self._trouble = reason

    async def _thin(self, now: datetime) -> None:
        async with self._site.control.transaction() as session:
            await snapshots.thin(session, now=now)
        async with self._site.control.reading() as session:
            found = await snapshots.newest(session, until=now - DAY)
        self._day_before = found if found and found.taken_at >= now - DAY - ABOUT else None


async def _newest(site: Site) -> Snapshot | None:
    try:
        async with site.control.reading() as session:
            return await snapshots.newest(session)
    except Exception:
        log.exception("the last snapshot cannot be read")
        return None
