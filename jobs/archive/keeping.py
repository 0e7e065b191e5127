"""The loop that keeps the WAL archive: receives, collects, and marks what is committed when."""

import asyncio
from datetime import timedelta

import structlog

from db.cancelling import pause
from db.repository import Incarnation
from db.repository.receiver import Receiver
from jobs.archive.collecting import keep_collecting
from jobs.archive.marking import keep_marking
from jobs.site import Site

log = structlog.get_logger(__name__)

INTERVAL = timedelta(seconds=1)


async def keep(site: Site, *, interval: timedelta = INTERVAL) -> None:
    """Keep the archive of the site's cluster until cancelled, whatever becomes of the primary meanwhile.

    Only one process may do so at a time.
    """
    incarnation = await _incarnation(site, interval)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Receiver(site.installation, incarnation).keep(), name="receive WAL")
        tasks.create_task(keep_collecting(site, incarnation, interval=interval), name="collect WAL")
        tasks.create_task(keep_marking(site, incarnation, interval=interval), name="mark commits")


async def _incarnation(site: Site, interval: timedelta) -> Incarnation:
    """Wait until the cluster has been made, and return its part of the repository, ready to be written to."""
    said: str | None = None
    while True:
        incarnation = site.incarnation()
        if incarnation:
            try:
                await asyncio.to_thread(incarnation.create, site.installation.user)
            except OSError as failure:
                if said != str(failure):
                    log.warning("the backup directory cannot be used", reason=str(failure))
                said = str(failure)
            else:
                return incarnation
        await pause(interval.total_seconds())
