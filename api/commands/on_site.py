"""Does something once with the installation in the data directory, as a command."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from api import logs
from api.commands import sites
from api.commands.options import settings_with
from jobs.site import Site

T = TypeVar("T")


def on_site(data_dir: Path | None, work: Callable[[Site], Awaitable[T]], *, level: int = logging.ERROR) -> T:
    """Return what the work returns; log lines below the level are not written."""
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format, level=level)

    async def opened() -> T:
        async with sites.opened(settings) as site:
            return await work(site)

    return asyncio.run(opened())
