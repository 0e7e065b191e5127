"""`yukyu work`: backups, restores and the schedule, for an installation whose servers and API run elsewhere."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Annotated

import structlog
import typer

from api import logs, rings
from api.commands import databases, sites, worker
from api.commands.databases import Databases
from api.commands.foreground import Foreground
from api.commands.options import DataDir, settings_with
from api.settings import Settings
from db import connecting
from db.cluster.errors import NotInstalledError, NotRunningError
from jobs import heartbeat

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.5

Wait = Annotated[bool, typer.Option("--wait", help="Wait where no server has been started yet.")]


def work(data_dir: DataDir = None, wait: Wait = False) -> None:  # noqa: FBT002 - Typer's way
    """Take and check backups, keep the WAL archive and do restores, until stopped.

    One worker at a time looks after an installation: a second one waits. `yukyu up` is one already, unless it was
    started with `--no-jobs`.

    Example: `yukyu up --no-jobs` and, beside it, `yukyu work`
    """
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format)
    sites.rulebook(settings)  # what cannot be meant in it, or in the key ring, is said before anything is started
    rings.ring_of(settings)
    Foreground().run(lambda _: _work(settings, wait=wait))


async def _work(settings: Settings, *, wait: bool) -> None:
    found = await _found(settings) if wait else databases.find(settings)
    async with AsyncExitStack() as running:
        site = await running.enter_async_context(sites.opened(settings))
        if sites.file_of(settings) is not None:
            await worker.work(site)
        engines = await running.enter_async_context(connecting.engines(found.primary_url))
        await asyncio.gather(worker.work(site), heartbeat.keep_beating(engines, clock=lambda: datetime.now(UTC)))


async def _found(settings: Settings) -> Databases:
    """Return the databases once somebody looks after them: after a start of the machine that may be later than this."""
    said = False
    while True:
        try:
            return databases.find(settings)
        except (NotInstalledError, NotRunningError) as failure:
            if not said:
                log.info("waiting", reason=failure.message)
                said = True
        await asyncio.sleep(POLL_SECONDS)
