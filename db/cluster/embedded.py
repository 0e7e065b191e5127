"""The primary and the replica of one directory, started, kept alive and stopped in order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from db.cluster import ports, urls
from db.cluster.binaries import Binaries
from db.cluster.desired import Desired, Role, ServerSpec, States
from db.cluster.errors import ClusterError, NotInstalledError, NotRunningError, PortInUseError
from db.cluster.identity import Identity
from db.cluster.installation import Installation, OnProgress, silent
from db.cluster.layout import Layout
from db.cluster.lock import allowed, held, holder
from db.cluster.passwords import Passwords
from db.cluster.postmaster import Postmaster
from db.cluster.server import Server
from db.repository.place import Repository

log = structlog.get_logger(__name__)

PRIMARY, REPLICA = "primary", "replica"
ATTEMPTS = 3
STREAMING_SECONDS = 60.0


@dataclass(frozen=True)
class EmbeddedCluster:
    """A cluster that runs: opened here, or found to be running already."""

    layout: Layout
    passwords: Passwords
    primary: ServerSpec
    replica: ServerSpec | None
    _install: Callable[[], Installation] = field(repr=False)

    @property
    def installation(self) -> Installation:
        """What its servers share; of a cluster that was found this looks for PostgreSQL's programs."""
        return self._install()

    @property
    def primary_url(self) -> str:
        return urls.application(self.primary, self.passwords)

    @property
    def replica_url(self) -> str | None:
        return urls.application(self.replica, self.passwords) if self.replica else None

    @property
    def admin_url(self) -> str:
        """The superuser's, on the primary."""
        return urls.admin(self.primary, self.passwords)

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
        archive: Repository | None = None,
        synchronous_archive: bool = False,
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
            archive: Where the primary's WAL goes.
            synchronous_archive: Whether a commit waits until somebody has received its WAL there.
            on_progress: Told about steps that take long.

        Raises:
            AlreadyRunningError: another process has the directory open.
            PortInUseError: one of the ports belongs to another program.
            ClusterError: the primary cannot be started, for the reason the sentence says.
        """
        layout = Layout.of(data_dir)
        with allowed():
            layout.create()
        with held(layout):
            with allowed():
                installation = installation_of(
                    layout,
                    binaries or Binaries.find(),
                    archive=archive,
                    synchronous_archive=synchronous_archive,
                    on_progress=on_progress,
                )
            wishes = {PRIMARY: primary_port, REPLICA: replica_port}
            wanted = [PRIMARY, REPLICA] if replica else [PRIMARY]
            desired = installation.states.change(lambda before: _want(before, wishes, wanted, settings or {}))
            async with _running([Server(name, installation) for name in (PRIMARY, REPLICA)], wanted):
                specs = desired.servers
                second = specs[REPLICA] if replica else None
                yield cls(layout, installation.passwords, specs[PRIMARY], second, lambda: installation)

    @classmethod
    def locate(
        cls,
        data_dir: Path,
        *,
        binaries: Binaries | None = None,
        archive: Repository | None = None,
        synchronous_archive: bool = False,
    ) -> "EmbeddedCluster":
        """Return the cluster that runs in a directory, from its files alone.

        One of its servers may be away at the moment, as long as somebody looks after them. The arguments are those
        that it was opened with; only what asks for its `installation` has to give them.

        Raises:
            NotInstalledError: there has never been one.
            NotRunningError: its primary does not run, and nobody is about to start it.
            UnreachableError: it belongs to another user.
        """
        layout = Layout.of(data_dir)
        with allowed():
            desired = States(layout.state).desired()
            if PRIMARY not in desired.servers or not layout.passwords.exists():
                raise NotInstalledError(layout.root)
            wanted = {name: spec for name, spec in desired.servers.items() if spec.running}
            directory = layout.data_directory(wanted[PRIMARY].directory)
            runs = Postmaster.find(directory) is not None or holder(layout) is not None
            passwords = Passwords.load_or_create(layout.passwords)
        if not runs:
            raise NotRunningError(PRIMARY, layout.root)
        install = partial(_located, layout, binaries, archive=archive, synchronous_archive=synchronous_archive)
        return cls(layout, passwords, wanted[PRIMARY], wanted.get(REPLICA), install)


@asynccontextmanager
async def _running(servers: list[Server], wanted: list[str]) -> AsyncGenerator[None]:
    """Start servers in order, supervise them, and stop them in the opposite order."""
    supervisors: list[asyncio.Task[None]] = []
    try:
        for server in servers:
            await bring_up(server, needed=server.name == PRIMARY, wanted=server.name in wanted)
            supervisors.append(asyncio.create_task(server.supervise(), name=f"supervise {server.name}"))
        yield
    finally:
        await _end(supervisors)
        for server in reversed(servers):
            await server.stop()


async def bring_up(server: Server, *, needed: bool, wanted: bool) -> None:
    """Start a server and wait until it is well; a replica that cannot be had now is left to its supervisor.

    What may pass is tried again a few times, but a port that is taken is said at once.
    """
    failures = 0
    deadline = asyncio.get_running_loop().time() + STREAMING_SECONDS
    while True:
        try:
            await server.reconcile()
        except PortInUseError:
            raise
        except ClusterError as failure:
            failures += 1
            log.warning("start failed", server=server.name, attempt=failures, reason=str(failure))
            if failures == ATTEMPTS or not failure.passing:
                if needed:
                    raise
                return
        if server.healthy or not wanted:
            return
        if not needed and asyncio.get_running_loop().time() > deadline:
            log.warning("the server runs, and does not follow yet", server=server.name)
            return
        await asyncio.sleep(0.05)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _located(
    layout: Layout, binaries: Binaries | None, *, archive: Repository | None, synchronous_archive: bool
) -> Installation:
    found = binaries or Binaries.find()
    return installation_of(layout, found, archive=archive, synchronous_archive=synchronous_archive)


def installation_of(
    layout: Layout,
    binaries: Binaries,
    *,
    archive: Repository | None,
    synchronous_archive: bool,
    on_progress: OnProgress = silent,
) -> Installation:
    """Return what the servers of a directory share, which this process is about to look after, or to work on."""
    user = Identity.choose(layout.clusters)
    user.require_entry(layout.clusters)
    return Installation(
        layout=layout,
        binaries=binaries.reachable_by(user, layout.binaries),
        user=user,
        passwords=Passwords.load_or_create(layout.passwords),
        states=States(layout.state),
        on_progress=on_progress,
        archive=archive,
        synchronous_archive=synchronous_archive,
    )


def _want(before: Desired, wishes: Mapping[str, int | None], wanted: list[str], settings: Mapping[str, str]) -> Desired:
    """Return the desired state with both servers in it, keeping what is not asked to change."""
    servers = dict(before.servers)
    for name, port in wishes.items():
        taken = {spec.port for spec in servers.values()} | {wish for wish in wishes.values() if wish}
        known = servers.get(name) or _new_spec(name, port or ports.pick(taken=taken))
        changes = {"port": port or known.port, "running": name in wanted, "settings": dict(settings)}
        servers[name] = known.model_copy(update=changes)
    return before.model_copy(update={"servers": servers, "paused": ()})


def _new_spec(name: str, port: int) -> ServerSpec:
    if name == PRIMARY:
        return ServerSpec(role=Role.PRIMARY, directory=name, port=port)
    return ServerSpec(role=Role.REPLICA, directory=name, port=port, follows=PRIMARY)
