"""Brings finished WAL into the archive every second, and forgets marks that no backup needs."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from db.cancelling import pause
from db.cluster.connection import AWAY
from db.cluster.errors import ClusterError
from db.repository import BackupManifest, Incarnation, marks, primary
from db.repository.collect import Collected, collect
from jobs.site import Site

log = structlog.get_logger(__name__)

PRUNING = timedelta(hours=1)

# What is in trouble when it is not one file.
ALL = "the archive"


async def keep_collecting(site: Site, incarnation: Incarnation, *, interval: timedelta) -> None:
    """Collect every `interval` until cancelled; what goes wrong is said once, and tried again at the next."""
    collecting = _Collecting(site, incarnation)
    while True:
        await collecting.once()
        await pause(interval.total_seconds())


class _Collecting:
    def __init__(self, site: Site, incarnation: Incarnation) -> None:
        self._site = site
        self._incarnation = incarnation
        self._troubles: dict[str, str] = {}
        self._prune_at: datetime | None = None

    async def once(self) -> None:
        try:
            outcome = await asyncio.to_thread(collect, self._incarnation, self._site.installation.user)
            await self._prune()
        except OSError as failure:
            self._say({ALL: failure.strerror or str(failure)})
            with suppress(OSError):
                await asyncio.to_thread(self._incarnation.create, self._site.installation.user)
        except Exception:
            log.exception("collecting failed")
        else:
            if ALL in self._troubles:
                await self._tell_server()
            self._report(outcome)

    def _report(self, outcome: Collected) -> None:
        for name in outcome.archived:
            log.debug("archived", file=name)
        for name, reason in outcome.refused.items():
            log.error("refused", file=name, reason=reason, moved_to=str(self._incarnation.refused))
        self._say(outcome.failed)

    def _say(self, troubles: dict[str, str]) -> None:
        """Log what has not been said before."""
        for subject, reason in troubles.items():
            if self._troubles.get(subject) != reason:
                log.error("cannot be archived", file=subject, reason=reason)
        self._troubles = troubles

    async def _tell_server(self) -> None:
        """Let the server know that the directory is back: it looks for it only when it starts."""
        with suppress(*AWAY, ClusterError):
            await primary.reload(self._site.installation)

    async def _prune(self) -> None:
        now = self._site.clock()
        if self._prune_at and now < self._prune_at:
            return
        backups = await asyncio.to_thread(BackupManifest.all, self._incarnation)
        if backups:
            oldest = min(backup.started_at for backup in backups)
            await asyncio.to_thread(marks.prune, self._incarnation, before=oldest, today=now)
        self._prune_at = now + PRUNING
