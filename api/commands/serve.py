"""`yukyu serve`: the API alone, over databases that run elsewhere."""

import asyncio
import gc
import socket
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
import typer

from api import logs, rings
from api.app import create_app, streams_of
from api.commands import crew, databases, secret, shares, sites
from api.commands.databases import Databases
from api.commands.foreground import Foreground, listen, origin_of
from api.commands.options import DataDir, Host, Port, settings_with
from api.remote_keys import RemoteKeys
from api.settings import Settings
from api.signin import SignInLinks
from api.tokens import Tokens
from api.version import VERSION
from db import connecting, search
from db.control import Control
from db.engines import EngineOptions, Engines
from jobs import health, heartbeat
from jobs.access import Access
from jobs.monitoring import processes
from jobs.site import Site

log = structlog.get_logger(__name__)


Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=64, help="How many processes answer; 1 by default. [env: YUKYU_WORKERS]"),
]
# How a worker is told which socket it answers on.
Inherited = Annotated[int | None, typer.Option("--socket", hidden=True)]


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    inherited: Inherited = None,
) -> None:
    """Serve the API until stopped; ready when `/readyz` answers 200.

    Works on YUKYU_DATABASE_URL and YUKYU_REPLICA_URLS, or on the running
    installation in the data directory.

    Example: `yukyu serve --workers 4`
    """
    settings = settings_with(host=host, port=port, data_dir=data_dir, workers=workers)
    logs.configure(settings.log_format)
    sites.rulebook(settings)  # what cannot be meant in it, or in the key ring, is said before anything is started
    rings.ring_of(settings)
    tokens, found = secret.tokens(settings), databases.find(settings)
    if inherited is not None:
        settings = shares.of_one(settings)
        with closing(socket.socket(fileno=inherited)) as listening:
            Foreground().run(lambda foreground: _serve(foreground, settings, found, listening, tokens))
        return
    with closing(listen(settings.host, settings.port)) as listening:
        if settings.workers == 1:
            Foreground().run(lambda foreground: _serve(foreground, settings, found, listening, tokens))
        else:
            Foreground().run(lambda _: crew.keep(settings, listening))


async def _serve(
    foreground: Foreground, settings: Settings, found: Databases, listening: socket.socket, tokens: Tokens
) -> None:
    async with AsyncExitStack() as opened:
        # With the URL of a server there is nothing that could be backed up or restored from here.
        looked_after = settings.database_url is None or sites.file_of(settings) is not None
        site = await opened.enter_async_context(sites.opened(settings)) if looked_after else None
        control = site.control if site else await opened.enter_async_context(_control(settings))
        await answer(
            foreground, settings, found, listening, tokens=tokens, links=SignInLinks(), control=control, site=site
        )


async def answer(  # noqa: PLR0913 - what one run of the API is made of
    foreground: Foreground,
    settings: Settings,
    found: Databases,
    listening: socket.socket,
    *,
    tokens: Tokens,
    links: SignInLinks,
    control: Control | None,
    site: Site | None = None,
    beat: bool = False,
) -> None:
    """Serve the API over these databases until a signal comes; `beat` keeps the replication heartbeat too."""
    access = Access.of(control, tokens.mint, workers=settings.workers)
    options = EngineOptions(read_connections=settings.read_connections, write_connections=settings.write_connections)
    remote_keys = secret.remote_keys(settings, tokens)
    async with (
        connecting.engines(found.primary_url, found.replica_urls, options=options) as engines,
        crew.with_its_keeper(),
        _heartbeat(engines, beat=beat),
        _reporting(site, engines),
        access.kept(),
        _kept_fresh(remote_keys),
    ):

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[settings.data_dir])

        await engines.warm(search.warm)
        streams = streams_of(settings)
        app = create_app(
            engines,
            settings,
            tokens=tokens,
            access=access,
            remote_keys=remote_keys,
            links=links,
            examine=examine,
            site=site,
            streams=streams,
        )
        log.info("listening", url=origin_of(listening))
        _settle()
        await foreground.serve(
            app,
            listening,
            max_message_bytes=settings.max_request_bytes,
            trusted_proxies=settings.trusted_proxies,
            on_stop=streams.end,
        )


def _settle() -> None:
    """Let the garbage collector leave alone what stays for good, modules and the schema.

    Each full collection would look through all of it again, and every request would stand still meanwhile.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def _heartbeat(engines: Engines, *, beat: bool) -> AsyncGenerator[None]:
    if not beat:
        yield
        return
    async with _beside(heartbeat.keep_beating(engines, clock=lambda: datetime.now(UTC))):
        yield


@asynccontextmanager
async def _kept_fresh(remote_keys: RemoteKeys | None) -> AsyncGenerator[None]:
    if remote_keys is None:
        yield
        return
    async with _beside(remote_keys.keep_fresh()):
        yield


@asynccontextmanager
async def _reporting(site: Site | None, engines: Engines) -> AsyncGenerator[None]:
    """Let monitoring know of this process's connections, where there is a store to write it to."""
    if site is None:
        yield
        return
    async with _beside(processes.keep_reporting(site, engines)):
        yield


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _control(settings: Settings) -> AsyncGenerator[Control | None]:
    """Open the control store that the settings name; None where they name none and there is no installation."""
    if settings.control_url is None:
        yield None
        return
    async with Control.open(settings.state_dir, url=settings.control_url.get_secret_value()) as control:
        yield control
