"""Takes snapshots: everything that is measured at one moment, in bounded time whatever hangs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from db.monitoring.snapshot import Backups, Baselines, Pool, Snapshot
from jobs.monitoring import backups, processes
from jobs.monitoring.carried import Carried
from jobs.monitoring.disks import Disks
from jobs.monitoring.servers import Servers, targets
from jobs.site import Site

log = structlog.get_logger(__name__)

# How long a server, a disk or a question that hangs holds a snapshot up.
PATIENCE_SECONDS: Final = 3.0
SELDOM: Final = timedelta(minutes=1)
SELDOMER: Final = timedelta(minutes=5)

# Compares with the newest baseline; asked every five minutes.
LookAtBaselines = Callable[[Site], Awaitable[Baselines | None]]


class Taking:
    """Keeps connections, and what takes longer to measure, between one snapshot and the next.

    Args:
        site: whose servers, disks and backups.
        before: the snapshot before the first, where it is known.
        baselines: looks at baselines.
    """

    def __init__(self, site: Site, *, before: Snapshot | None = None, baselines: LookAtBaselines | None = None) -> None:
        self._site = site
        self._servers = Servers(site.clock)
        self._disks = Disks(site)
        self._first_seen_at = before.backups.first_seen_at if before and before.backups else site.clock()
        self._backups = Carried("backups", self._look_at_backups, every=SELDOM)
        self._baselines = Carried("baselines", lambda: baselines(site), every=SELDOMER) if baselines else None

    async def take(self) -> Snapshot:
        """Measure everything at once."""
        site, now = self._site, self._site.clock()
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        servers, (disks, missing), pools, backups_now, baselines = await asyncio.gather(
            self._servers.read(targets(site.installation), now=now, until=until),
            self._disks.read(until=until),
            _pools(site),
            self._backups.get(until=until),
            self._baselines.get(until=until) if self._baselines else _nothing(),
        )
        return Snapshot(
            taken_at=now,
            servers=servers,
            pools=pools,
            disks=disks,
            missing_disks=missing,
            backups=backups_now,
            baselines=baselines,
        )

    def close(self) -> None:
        self._servers.close()
        self._disks.close()
        self._backups.cancel()
        if self._baselines:
            self._baselines.cancel()

    async def _look_at_backups(self) -> Backups | None:
        return await backups.look(self._site, first_seen_at=self._first_seen_at)


async def _nothing() -> None:
    return None


async def _pools(site: Site) -> tuple[Pool, ...]:
    try:
        return await processes.pools(site)
    except Exception:
        log.exception("connections of API processes not read")
        return ()
