"""The primary and the replica of one directory, started, kept alive and stopped in order."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from db.cluster import ports
from db.cluster.binaries import Binaries
from db.cluster.desired import Desired, Role, ServerSpec, States
from db.cluster.errors import AlreadyRunningError, ClusterError, NotInstalledError, NotRunningError, PortInUseError
from db.cluster.identity import Identity
from db.cluster.installation import Installation, OnProgress, silent
from db.cluster.layout import Layout
from db.cluster.passwords import Passwords
from db.cluster.postmaster import Postmaster
from db.cluster.server import Server

log = structlog.get_logger(__name__)

PRIMARY, REPLICA = "primary", "replica"
ATTEMPTS = 3
STREAMING_SECONDS = 60.0


@dataclass(frozen=True)
class EmbeddedCluster:
    """A running one, or one that was located."""

    installation: Installation
    primary: ServerSpec
    replica: ServerSpec | None

    @property
    def primary_url(self) -> str:
        return self.installation.application_url(self.primary)

    @property
    def replica_url(self) -> str | None:
        return self.installation.application_url(self.replica) if self.replica else None

    @property
    def admin_url(self) -> str:
        """The superuser's, on the primary."""
        return self.installation.admin_url(self.primary)

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913 - the keywords are what an installation is made of
        cls,
        data_dir: Path,
        *,
        binaries: Binaries | None = None,
        replica: bool = True,
        primary_port: int | None = None,
        replica_port: int | None = None,
        settings: Mapping[str, str] | None = None,
        on_progress: OnProgress = silent,
    ) -> AsyncGenerator["EmbeddedCluster"]:
        """Start the servers of a directory, making them first if need be, and supervise them until the end.

        Args:
            data_dir: The directory that everything is kept in.
            binaries: PostgreSQL's programs; the embedded ones unless given.
            replica: Whether there is one.
            primary_port: Kept for the next start, as is one that was picked because none was given.
            replica_port: The same for the replica.
            settings: PostgreSQL's settings, over our own.
            on_progress: Told about steps that take long.

        Raises:
            AlreadyRunningError: another process has the directory open.
            PortInUseError: one of the ports belongs to another program.
            ClusterError: the primary cannot be started, for the reason the sentence says.
        """
        layout = Layout.of(data_dir)
        layout.create()
        with held(layout):
            installation = _installation(layout, binaries or Binaries.find(), on_progress)
            wishes = {PRIMARY: primary_port, REPLICA: replica_port}
            desired = installation.states.change(lambda before: _wanted(before, wishes, replica, settings or {}))
            cluster = cls(installation, desired.servers[PRIMARY], desired.servers[REPLICA] if replica else None)
            async with cluster._running():
                yield cluster

    @classmethod
    def locate(cls, data_dir: Path) -> "EmbeddedCluster":
        """Return the cluster that runs in a directory, from its files alone.

        Raises:
            NotInstalledError: there has never been one.
            NotRunningError: its primary does not run.
        """
        layout = Layout.of(data_dir)
        states = States(layout.state)
        desired = states.desired()
        if PRIMARY not in desired.servers or not layout.passwords.exists():
            raise NotInstalledError(layout.root)
        installation = Installation(
            layout,
            Binaries.find(),
            Identity.choose(layout.clusters),
            Passwords.load_or_create(layout.passwords),
            states,
        )
        replica = desired.servers.get(REPLICA)
        found = cls(installation, desired.servers[PRIMARY], replica if replica and replica.running else None)
        if Postmaster.find(installation.data_directory(found.primary)) is None:
            raise NotRunningError(PRIMARY, layout.root)
        return found

    @asynccontextmanager
    async def _running(self) -> AsyncGenerator[None]:
        servers = [Server(PRIMARY, self.installation), Server(REPLICA, self.installation)]
        supervisors: list[asyncio.Task[None]] = []
        try:
            await _bring_up(servers[0])
            if self.replica:
                await _bring_up_replica(servers[1])
            supervisors = [asyncio.create_task(server.supervise(), name=server.name) for server in servers]
            yield
        finally:
            await _end(supervisors)
            for server in reversed(servers):
                await server.stop()


@contextmanager
def held(layout: Layout) -> Generator[None]:
    """Hold a directory's lock, which the system gives back when the process dies."""
    lock = FileLock(layout.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyRunningError(layout.root, _holder(layout)) from None
    try:
        layout.pid.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield
    finally:
        layout.pid.unlink(missing_ok=True)
        lock.release()


def _holder(layout: Layout) -> int | None:
    with suppress(OSError, ValueError):
        return int(layout.pid.read_text(encoding="ascii"))
    return None


def _installation(layout: Layout, binaries: Binaries, on_progress: OnProgress) -> Installation:
    user = Identity.choose(layout.clusters)
    user.require_entry(layout.clusters)
    return Installation(
        layout=layout,
        binaries=binaries.reachable_by(user, layout.binaries),
        user=user,
        passwords=Passwords.load_or_create(layout.passwords),
        states=States(layout.state),
        on_progress=on_progress,
    )


def _wanted(before: Desired, wishes: Mapping[str, int | None], replica: bool, settings: Mapping[str, str]) -> Desired:  # noqa: FBT001 - not a public function
    """Return the desired state with both servers in it, keeping what is not asked to change."""
    servers = dict(before.servers)
    for name, port in wishes.items():
        known = servers.get(name) or _new_spec(name, {spec.port for spec in servers.values()} | set(wishes.values()))
        servers[name] = known.model_copy(
            update={
                "port": port or known.port,
                "running": name == PRIMARY or replica,
                "settings": dict(settings),
            }
        )
    return before.model_copy(update={"servers": servers})


def _new_spec(name: str, taken: set[int | None]) -> ServerSpec:
    return ServerSpec(
        role=Role.PRIMARY if name == PRIMARY else Role.REPLICA,
        directory=name,
        port=ports.pick(taken={port for port in taken if port}),
        follows=None if name == PRIMARY else PRIMARY,
    )


async def _bring_up(server: Server) -> None:
    """Start a server; what may pass is tried again a few times, but a port that is taken is said at once."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await server.reconcile()
        except ClusterError as failure:
            if not failure.passing or isinstance(failure, PortInUseError) or attempt == ATTEMPTS:
                raise
            log.warning("start failed", server=server.name, attempt=attempt, reason=str(failure))
        else:
            return


async def _bring_up_replica(server: Server) -> None:
    """Start the replica; one that cannot be had now is left to its supervisor, for reads can do without it."""
    try:
        async with asyncio.timeout(STREAMING_SECONDS):
            while not server.healthy:
                await server.reconcile()
                await asyncio.sleep(0.05)
    except TimeoutError:
        log.warning("the replica does not stream yet", server=server.name)
    except PortInUseError:
        raise
    except ClusterError as failure:
        log.warning("the replica cannot be started yet", server=server.name, reason=str(failure))


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
