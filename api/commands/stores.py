"""Does something once with the control store, as a command."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from api import logs
from api.commands.options import settings_with
from api.settings import Settings
from db.cluster.errors import NotInstalledError
from db.cluster.layout import Layout
from db.cluster.lock import allowed
from db.control import Control

T = TypeVar("T")


def on_store(data_dir: Path | None, work: Callable[[Control], Awaitable[T]]) -> T:
    """Return what the work returns, on the store of YUKYU_CONTROL_URL or of the installation in the data directory.

    Raises:
        NotInstalledError: there is neither.
        UnreachableError: the installation belongs to another user.
    """
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format, level=logging.ERROR)
    layout, url = Layout.of(settings.data_dir), settings.control_url
    with allowed():
        if url is None and not layout.state.is_dir():
            raise NotInstalledError(layout.root)

    async def opened() -> T:
        async with Control.open(layout.state, url=url.get_secret_value() if url else None) as control:
            return await work(control)

    return asyncio.run(opened())


@asynccontextmanager
async def store_if_any(settings: Settings) -> AsyncGenerator[Control | None]:
    """Give the control store that `on_store` would; None where there is neither, for work that can do without."""
    layout, url = Layout.of(settings.data_dir), settings.control_url
    with allowed():
        there = url is not None or layout.state.is_dir()
    if not there:
        yield None
        return
    async with Control.open(layout.state, url=url.get_secret_value() if url else None) as control:
        yield control
