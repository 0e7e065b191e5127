"""The health feed: one examiner a process looks at everything, for all who follow it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from db.cancelling import pause
from jobs.health.outcome import HealthStatus, Report

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=5)

Examine = Callable[[], Awaitable[Report]]


class HealthFeed:
    """Reports as they change; one who takes them slowly gets the newest and not those between."""

    def __init__(self, examine: Examine, *, every: timedelta = EVERY) -> None:
        self._examine = examine
        self._every = every
        self._listening = 0
        self._opening = asyncio.Lock()
        self._examiner: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._latest: Report | None = None

    async def follow(self) -> AsyncGenerator[Report]:
        """Yield a report at once, and one whenever a check has another status, comes or goes, until closed."""
        async with self._examining() as first:
            yield first
            told = _statuses(first)
            while True:
                async with self._changed:
                    while self._latest is None or _statuses(self._latest) == told:
                        await self._changed.wait()
                    latest = self._latest
                told = _statuses(latest)
                yield latest

    @asynccontextmanager
    async def _examining(self) -> AsyncGenerator[Report]:
        """See to it that somebody looks meanwhile, and say how it is now."""
        self._listening += 1
        try:
            async with self._opening:
                if self._examiner is None:
                    self._latest = await self._examine()
                    self._examiner = asyncio.create_task(self._keep_looking(), name="health feed")
            if self._latest is None:
                raise RuntimeError
            yield self._latest
        finally:
            self._listening -= 1
            if not self._listening and self._examiner is not None:
                examiner, self._examiner = self._examiner, None
                examiner.cancel()
                await asyncio.gather(examiner, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while True:
            await pause(self._every.total_seconds())
            try:
                latest = await self._examine()
            except Exception:
                log.exception("health not examined")
                continue
            async with self._changed:
                self._latest = latest
                self._changed.notify_all()


def _statuses(report: Report) -> dict[str, HealthStatus]:
    return {check.name: check.status for check in report.checks}
