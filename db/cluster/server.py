"""One PostgreSQL server, owned: what the desired state says is made true, whatever happened before."""

import asyncio
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from db.cluster import clone, control, files, initialise, ports, probe, programs, remains, roles
from db.cluster.connection import AWAY
from db.cluster.desired import Desired, Observed, Role, ServerSpec, Status
from db.cluster.errors import (
    ClusterError,
    DataDirectoryError,
    PortInUseError,
    ProgramError,
    StartError,
)
from db.cluster.installation import Installation, Progress
from db.cluster.log_tail import log_tail
from db.cluster.postmaster import Postmaster

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.2
PROBE_SECONDS = 2.0
# Waits before a start, by how many went wrong in a row; a server that ran for a while starts the row anew.
BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 30.0
# A replica that fails to start this often is taken for damaged.
STARTS_BEFORE_CLONING = 3
# How long an orderly shutdown may take, then an immediate one, before the processes are killed.
STOPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))


class Server:
    """Owns one server of an installation.

    Only one process may do so at a time; that is for the caller to see to (`EmbeddedCluster` holds a file lock).

    Args:
        name: The server's name in the desired state.
        installation: What it shares with the others.
        patience: How long a replica may neither stream nor replay, with its primary well, before it is cloned anew.
    """

    def __init__(self, name: str, installation: Installation, *, patience: timedelta = timedelta(seconds=20)) -> None:
        self.name = name
        self._installation = installation
        self._patience = patience
        self._postmaster: Postmaster | None = None
        self._failures = 0
        self._clones_without_start = 0
        self._started_at = 0.0
        self._probe_at = 0.0
        self._streaming = False
        self._progressed_at = 0.0
        self._lsn: str | None = None
        self._observed: Observed | None = None

    @property
    def pid(self) -> int | None:
        return self._postmaster.pid if self._postmaster and self._postmaster.alive else None

    @property
    def healthy(self) -> bool:
        """Whether it did what its role asks when it was last looked at: answer, and follow if it is a replica."""
        return self.pid is not None and self._observed is not None and self._observed.status is Status.RUNNING

    async def supervise(self) -> None:
        """Keep the server as it should be until cancelled; cancelling leaves the server as it is."""
        while True:
            try:
                await self.reconcile()
            except ClusterError as failure:
                self._fail(failure)
            except AWAY as failure:
                self._fail(StartError(self.name, self._log_directory, f"it does not answer: {failure}"))
            except Exception as failure:
                log.exception("supervision failed", server=self.name)
                self._fail(failure)
            await asyncio.sleep(TICK_SECONDS)

    async def reconcile(self) -> None:
        """Make the server what it should be, in one pass: one that is well is only looked at.

        Raises:
            ClusterError: it cannot be; `passing` says whether to try again.
        """
        desired = self._installation.states.desired()
        spec = desired.servers.get(self.name)
        if spec is None or not spec.running:
            await self.stop()
            return
        await self._take_over(spec, desired)
        if self.pid is None:
            await asyncio.sleep(BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)])
            await self._start(spec, desired)
        if time.monotonic() >= self._probe_at:
            await self._look(spec, desired)

    async def stop(self) -> None:
        """Stop the server: in order if it lets us, by force in the end."""
        data_directory = self._data_directory
        running = self._postmaster or (data_directory and Postmaster.find(data_directory))
        if running:
            await self._end(running)
        self._postmaster = None
        self._observe(Status.STOPPED)

    # -- what is there

    async def _take_over(self, spec: ServerSpec, desired: Desired) -> None:
        """Adopt a server that runs already; end one that is not as it should be."""
        data_directory = self._installation.data_directory(spec)
        if self._postmaster and not self._postmaster.alive:
            log.warning("server died", server=self.name, pid=self._postmaster.pid)
            self._failures = 0 if time.monotonic() - self._started_at > STEADY_SECONDS else self._failures + 1
            self._postmaster = None
        if self._postmaster and self._postmaster.data_directory != data_directory:
            await self._end(self._postmaster)
            self._postmaster = None
        if self._postmaster is None and (found := Postmaster.find(data_directory)):
            log.info("adopting a running server", server=self.name, pid=found.pid)
            self._postmaster = found
            self._started_at = time.monotonic()
            self._probe_at = 0.0
        wanted = files.settings_text(self._installation, self.name, spec, desired)
        if self._postmaster and files.present_settings(data_directory) != wanted:
            log.info("restarting for new settings", server=self.name)
            await self._end(self._postmaster)
            self._postmaster = None

    async def _look(self, spec: ServerSpec, desired: Desired) -> None:
        assert self._postmaster is not None  # noqa: S101 - it has just been started or found
        await self._wait_accepting(self._postmaster)
        standing = await probe.standing(self._installation, spec)
        self._know_system(standing.system_identifier, desired)
        if spec.role is Role.REPLICA:
            await self._follow(spec, desired, standing)
        elif standing.in_recovery:
            raise DataDirectoryError(f"The {self.name} should be a primary, but its data directory is a standby's.")
        else:
            self._well()

    async def _follow(self, spec: ServerSpec, desired: Desired, standing: probe.Standing) -> None:
        """See whether a replica follows; clone it anew when it never will again."""
        now = time.monotonic()
        if standing.streaming:
            self._well()
            return
        self._probe_at = now + TICK_SECONDS
        if standing.lsn != self._lsn:
            self._lsn, self._progressed_at = standing.lsn, now
        primary = self._primary_of(spec, desired)
        try:
            why = await probe.obstacle(self._installation, self.name, standing, primary)
        except AWAY:
            self._progressed_at = now  # nobody could follow a primary that does not answer
            return
        if why is None and now - self._progressed_at > self._patience.total_seconds():
            why = f"it has not followed for {self._patience.total_seconds():.0f} seconds"
        if why is None:
            self._observe(Status.STARTING, "It runs, and does not stream from its primary yet.")
            return
        await self._clone(spec, desired, why)
        await self._start(spec, desired)

    def _well(self) -> None:
        now = time.monotonic()
        self._probe_at = now + PROBE_SECONDS
        self._progressed_at = now
        self._clones_without_start = 0
        if now - self._started_at > STEADY_SECONDS:
            self._failures = 0
        self._observe(Status.RUNNING)

    # -- starting

    async def _start(self, spec: ServerSpec, desired: Desired) -> None:
        data_directory = self._installation.data_directory(spec)
        await self._provide_data(spec, desired)
        await remains.clear(data_directory)
        if not ports.is_free(spec.port, "0.0.0.0" if spec.listen == "*" else spec.listen.split(",")[0]):  # noqa: S104 - only tried
            raise PortInUseError(self.name, spec.port, f"YUKYU_{self.name.upper()}_PORT")
        files.write(self._installation, self.name, spec, desired)
        self._observe(Status.STARTING)
        self._installation.on_progress(Progress(f"Starting the {self.name}"))
        child = programs.start_detached(
            [self._installation.binaries.program("postgres"), "-D", data_directory, "-p", str(spec.port)],
            self._installation.user,
            self._installation.layout.create_server_log(self.name, self._installation.user) / "startup.log",
        )
        self._postmaster = Postmaster.of_child(child, data_directory)
        self._started_at = self._progressed_at = time.monotonic()
        self._probe_at = 0.0
        await self._wait_accepting(self._postmaster)
        if spec.role is Role.PRIMARY:
            await roles.ensure(self._installation, spec)
        log.info("server started", server=self.name, pid=child.pid, port=spec.port)

    async def _wait_accepting(self, postmaster: Postmaster) -> None:
        """Wait for as long as the server is busy starting: crash recovery has no time limit."""
        while not postmaster.accepts_connections:
            if not postmaster.alive:
                self._postmaster = None
                raise StartError(self.name, self._log_directory, log_tail(self._log_directory))
            await asyncio.sleep(TICK_SECONDS / 4)

    async def _provide_data(self, spec: ServerSpec, desired: Desired) -> None:
        """See to it that there is a data directory of the right kind."""
        data_directory = self._installation.data_directory(spec)
        found = await control.system_identifier(self._installation, data_directory)
        if spec.role is Role.PRIMARY:
            if found is None:
                await self._initialise(spec, desired)
            control.require_version(self._installation.binaries, data_directory)
            return
        if why := self._clone_first(found, desired, data_directory):
            await self._clone(spec, desired, why)

    def _clone_first(self, found: str | None, desired: Desired, data_directory: Path) -> str | None:
        if found is None:
            return "it has no usable data directory"
        if desired.system_identifier and found != desired.system_identifier:
            return "its data directory belongs to another database cluster"
        if control.version(data_directory) != self._installation.binaries.major:
            return "its data directory belongs to another version of PostgreSQL"
        if self._failures >= STARTS_BEFORE_CLONING and self._clones_without_start == 0:
            return f"it failed to start {self._failures} times"
        return None

    async def _initialise(self, spec: ServerSpec, desired: Desired) -> None:
        data_directory = self._installation.data_directory(spec)
        if desired.system_identifier is not None:
            raise DataDirectoryError(
                f"The data directory of the {self.name}, {data_directory}, is gone or damaged. It had data in it, so "
                "no empty one is made in its place.",
                hint="Bring it back or restore a backup; to start with nothing, choose another --data-dir.",
            )
        if data_directory.exists():
            raise DataDirectoryError(
                f"{data_directory} is not a usable data directory of PostgreSQL, and it is not empty.",
                hint="Move it away if it is not needed.",
            )
        self._observe(Status.INITIALISING)
        await initialise.initialise(self._installation, data_directory, durably=_durably(spec))

    async def _clone(self, spec: ServerSpec, desired: Desired, why: str) -> None:
        log.info("cloning the replica", server=self.name, why=why)
        self._observe(Status.CLONING, why)
        if self._postmaster:
            await self._end(self._postmaster)
            self._postmaster = None
        data_directory = self._installation.data_directory(spec)
        primary = self._primary_of(spec, desired)
        await remains.clear(data_directory)
        await clone.clone(self._installation, self.name, data_directory, primary, durably=_durably(spec))
        self._clones_without_start += 1

    # -- ending

    async def _end(self, postmaster: Postmaster) -> None:
        for number, patience_seconds in STOPS:
            postmaster.signal(number)
            if await _gone(postmaster, patience_seconds):
                log.info("server stopped", server=self.name, pid=postmaster.pid)
                return
            log.warning("server does not stop", server=self.name, pid=postmaster.pid, after=number.name)
        postmaster.signal(signal.SIGKILL)
        await _gone(postmaster, STOPS[-1][1])
        await remains.clear(postmaster.data_directory)

    # -- what is known

    def _primary_of(self, spec: ServerSpec, desired: Desired) -> ServerSpec:
        primary = desired.servers.get(spec.follows or "")
        if primary is None:
            raise DataDirectoryError(f"The {self.name} should follow {spec.follows}, and there is no such server.")
        return primary

    def _know_system(self, system_identifier: str, desired: Desired) -> None:
        if desired.system_identifier is None:
            self._installation.states.change(
                lambda before: before.model_copy(update={"system_identifier": system_identifier})
            )

    def _fail(self, failure: Exception) -> None:
        self._failures += isinstance(failure, (StartError, ProgramError))
        if self._observed is None or self._observed.message != str(failure):
            log.error("server is not as it should be", server=self.name, reason=str(failure))
        self._observe(Status.FAILED, str(failure))

    def _observe(self, status: Status, message: str | None = None) -> None:
        generation = self._installation.states.desired().generation
        observed = Observed(generation=generation, status=status, at=datetime.now(UTC), pid=self.pid, message=message)
        if self._observed is None or observed.model_copy(update={"at": self._observed.at}) != self._observed:
            self._installation.states.observe(self.name, observed)
            self._observed = observed

    @property
    def _data_directory(self) -> Path | None:
        spec = self._installation.states.desired().servers.get(self.name)
        return self._installation.data_directory(spec) if spec else None

    @property
    def _log_directory(self) -> Path:
        return self._installation.layout.server_log(self.name)


def _durably(spec: ServerSpec) -> bool:
    return spec.settings.get("fsync") != "off"


async def _gone(postmaster: Postmaster, patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while postmaster.alive:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(TICK_SECONDS / 10)
    return True
