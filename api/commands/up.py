"""`yukyu up`: everything on this machine, in the foreground."""

import socket
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from typing import Annotated

import structlog
import typer
from rich.console import Console

from api import logs, rings
from api.commands import secret, serve, sites, worker
from api.commands.databases import Databases
from api.commands.foreground import Foreground, is_loopback, listen, origin_of
from api.commands.options import DataDir, Host, Port, settings_with
from api.commands.steps import Steps
from api.settings import Settings
from api.signin import SignInLinks
from db import migrations
from db.cluster import Binaries, EmbeddedCluster
from db.keys import KeyRing
from jobs.data import sample as samples

log = structlog.get_logger(__name__)

Sample = Annotated[
    int | None, typer.Option("--sample", min=1, help="Fill an empty database with this many rows a table.")
]
NoReplica = Annotated[bool, typer.Option("--no-replica", help="Run the primary alone.")]
NoJobs = Annotated[bool, typer.Option("--no-jobs", help="Leave backups, restores and the schedule to `yukyu work`.")]


def up(  # noqa: PLR0913, PLR0917 - Typer's way
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    sample: Sample = None,
    no_replica: NoReplica = False,  # noqa: FBT002 - Typer's way
    no_jobs: NoJobs = False,  # noqa: FBT002 - Typer's way
) -> None:
    """Start PostgreSQL (primary and replica), the API and the worker that takes backups; Ctrl-C stops them in order.

    Everything it owns is in the data directory. Ready when `/readyz` answers 200.

    Example: `yukyu up --sample 20000`
    """
    settings = settings_with(data_dir=data_dir, host=host, port=port)
    if settings.environment is None and is_loopback(settings.host):
        settings = settings.model_copy(update={"environment": "development"})
    logs.configure(settings.log_format)
    sites.rulebook(settings)  # what cannot be meant in it, or in the key ring, is said before anything is started
    rings.ring_of(settings)
    with closing(listen(settings.host, settings.port)) as listening:
        Foreground().run(
            lambda foreground: _up(foreground, settings, listening, sample, replica=not no_replica, jobs=not no_jobs)
        )


async def _up(  # noqa: PLR0913 - what one run is made of
    foreground: Foreground,
    settings: Settings,
    listening: socket.socket,
    sample: int | None,
    *,
    replica: bool,
    jobs: bool,
) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    async with AsyncExitStack() as running:
        with Steps(console) as steps:
            cluster = await running.enter_async_context(_cluster(settings, steps, replica=replica))
            site = await running.enter_async_context(sites.opened(settings, cluster.installation))
            if jobs:  # before anything is written: in synchronous mode a commit waits for the archive
                await running.enter_async_context(worker.working(site))
            steps.show("Migrating the schema")
            await migrations.upgrade(cluster.primary_url)
            if sample is not None:
                await _fill(cluster, sample, rings.ring_of(settings), steps)
        links, origin = SignInLinks(), origin_of(listening)
        console.print(f"\nYuKyuDATA runs on {origin} and stops with Ctrl-C.")
        console.print(f"Sign in as an administrator, once, with {links.make(origin)}\n")
        found = Databases(cluster.primary_url, (cluster.replica_url,) if cluster.replica_url else ())
        await serve.answer(
            foreground,
            settings,
            found,
            listening,
            tokens=secret.ensure(settings),
            links=links,
            control=site.control,
            site=site,
            beat=jobs,
        )
        log.info("stopping")


def _cluster(settings: Settings, steps: Steps, *, replica: bool) -> AbstractAsyncContextManager[EmbeddedCluster]:
    return EmbeddedCluster.open(
        settings.data_dir,
        binaries=Binaries.find(settings.pg_bin),
        replica=replica,
        primary_port=settings.primary_port,
        replica_port=settings.replica_port,
        archive=sites.repository(settings) if settings.backups else None,
        synchronous_archive=settings.synchronous_archive,
        on_progress=lambda progress: steps.show(progress.step, progress.fraction),
    )


async def _fill(cluster: EmbeddedCluster, rows: int, ring: KeyRing | None, steps: Steps) -> None:
    try:
        await samples.load(
            cluster.primary_url,
            rows,
            ring=ring,
            on_progress=lambda subject, done, total: steps.show(f"Filling {subject}", done / total if total else None),
        )
    except samples.NotEmptyError:
        log.info("sample left out", reason="The database already holds rows.")
