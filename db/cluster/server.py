"""One PostgreSQL server, owned: what the desired state says is made true, whatever happened before."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from db.cancelling import pause
from db.cluster import archive, ending, files, ports, probe, programs, provision, remains, rewind, roles, slots
from db.cluster.connection import AWAY, tells_of_damage
from db.cluster.desired import Desired, Observed, Role, ServerSpec, Status
from db.cluster.errors import ClusterError, DataDirectoryError, PortInUseError, SilentError, StartError, StuckError
from db.cluster.following import Following
from db.cluster.installation import Installation, Progress
from db.cluster.log_tail import log_tail
from db.cluster.postmaster import Postmaster

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.2
# How often a replica that is well is asked whether it still follows.
PROBE_SECONDS = 5.0
# How often a server that does not answer yet is asked what it waits for.
LOOK_SECONDS = 1.0
# Waits after failures, and before the restart of a server that dies soon after its start again and again.
BACKOFF_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 10.0
# A replica that fails to start, or cannot read its files, this often is cloned anew; if that does not help, once only.
SIGNS_BEFORE_CLONING = 3


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
        self._following = Following(installation, name, patience)
        self._postmaster: Postmaster | None = None
        self._observed: Observed | None = None
        self._checked: Desired | None = None
        self._failures = 0
        self._quick_deaths = 0
        self._signs_of_damage = 0
        self._started_at = 0.0
        self._probe_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._postmaster.pid if self._postmaster and self._postmaster.alive else None

    @property
    def healthy(self) -> bool:
        """Whether it did what its role asks when last looked at: answer, and stream if it is a replica."""
        return self.pid is not None and self._observed is not None and self._observed.status is Status.RUNNING

    async def supervise(self) -> None:
        """Keep the server as it should be until cancelled; cancelling leaves the server as it is."""
        while True:
            try:
                await self.reconcile()
            except ClusterError as failure:
                self._note_failure(failure)
            except Exception as failure:
                log.exception("supervision failed", server=self.name)
                self._note_failure(failure)
            else:
                self._failures = 0
            await pause(TICK_SECONDS + backoff_seconds(self._failures))

    async def reconcile(self) -> None:
        """Make the server what it should be, in one pass: one that is well is only looked at.

        Raises:
            ClusterError: it cannot be; `passing` says whether to try again.
        """
        desired = self._installation.states.desired()
        spec = desired.servers.get(self.name)
        if spec is None or not spec.running:
            await self._stop(spec)
            return
        if self.name in desired.paused:
            if not self._is_held(desired):
                await self._stop(spec)
            return
        await self._take_over(spec, desired)
        if self.pid is None:
            await self._start(spec, desired)
        if time.monotonic() >= self._probe_at:
            await self._look(spec, desired)

    async def stop(self) -> None:
        """Stop the server: in order if it lets us, by force in the end."""
        await self._stop(self._installation.states.desired().servers.get(self.name))

    # -- what is there

    async def _take_over(self, spec: ServerSpec, desired: Desired) -> None:
        """Adopt a server that runs already; end one that is not as it should be."""
        place = self._installation.data_directory(spec)
        if self._postmaster and not self._postmaster.alive:
            log.warning("server died", server=self.name, pid=self._postmaster.pid)
            self._postmaster = None
            self._quick_deaths = self._quick_deaths + 1 if time.monotonic() < self._started_at + STEADY_SECONDS else 0
            await asyncio.sleep(backoff_seconds(self._quick_deaths - 1))
        if self._postmaster is None and (found := Postmaster.find(place)):
            log.info("adopting a running server", server=self.name, pid=found.pid)
            self._begin(found)
        if self._postmaster and desired != self._checked:
            self._checked = desired
            wanted = files.settings_text(self._installation, self.name, spec, desired)
            # Where somebody who looked into the directory died, a server may be left there that nobody can reach.
            elsewhere = self._postmaster.port not in {None, spec.port}
            if self._postmaster.data_directory != place or elsewhere or files.present_settings(place) != wanted:
                log.info("stopping a server that should be another", server=self.name)
                await self._end()

    async def _look(self, spec: ServerSpec, desired: Desired) -> None:
        await self._wait_accepting()
        try:
            standing = await probe.standing(self._installation, spec)
            if spec.role is Role.REPLICA:
                await self._look_after_replica(spec, desired, standing)
            else:
                await self._look_after_primary(spec, desired, standing)
        except AWAY as failure:
            if spec.role is Role.REPLICA and tells_of_damage(failure):
                await self._give_up_damaged()
            raise SilentError(self.name, failure) from failure

    async def _give_up_damaged(self) -> None:
        """Count a sign of damage, and take the replica down to be cloned when there have been enough of them."""
        self._signs_of_damage += 1
        if self._signs_of_damage == SIGNS_BEFORE_CLONING:
            await self._end()

    async def _look_after_primary(self, spec: ServerSpec, desired: Desired, standing: probe.Standing) -> None:
        if standing.in_recovery:
            raise DataDirectoryError(f"The {self.name} should be a primary, but its data directory is a standby's.")
        if desired.system_identifier is None:
            self._installation.states.change(
                lambda before: before.model_copy(update={"system_identifier": standing.system_identifier})
            )
        await roles.ensure(self._installation, spec)
        await slots.drop_unwanted(self._installation, spec, desired)
        self._probe_at = float("inf")  # that its process lives is enough from now on
        self._observe(Status.RUNNING)

    async def _look_after_replica(self, spec: ServerSpec, desired: Desired, standing: probe.Standing) -> None:
        primary = self._primary_of(spec, desired)
        why = await self._following.given_up(standing, primary)
        if standing.streaming:
            self._signs_of_damage = 0
            self._probe_at = time.monotonic() + PROBE_SECONDS
            self._observe(Status.RUNNING)
        elif why:
            await self._end()
            await self._clone(spec, primary, why)
            await self._start(spec, desired)
        else:
            self._observe(Status.STARTING, "It runs, and does not stream from its primary yet.")

    # -- starting

    async def _start(self, spec: ServerSpec, desired: Desired) -> None:
        await self._provide_data(spec, desired)
        desired = self._installation.states.desired()  # a new primary has given it its identifier
        place = self._installation.data_directory(spec)
        await remains.clear(place)
        if not ports.is_free(spec.port, spec.listen):
            raise PortInUseError(self.name, spec.port, f"YUKYU_{self.name.upper()}_PORT")
        archive.prepare(self._installation, spec, desired)
        files.write(self._installation, self.name, spec, desired)
        self._observe(Status.STARTING)
        self._installation.on_progress(Progress(f"Starting the {self.name}"))
        child = programs.start_detached(
            [self._installation.binaries.program("postgres"), "-D", place, "-p", str(spec.port)],
            self._installation.user,
            self._installation.layout.create_server_log(self.name, self._installation.user) / "startup.log",
        )
        self._begin(Postmaster.of_child(child, place))
        await self._wait_accepting()
        log.info("server started", server=self.name, pid=child.pid, port=spec.port)

    async def _provide_data(self, spec: ServerSpec, desired: Desired) -> None:
        place = self._installation.data_directory(spec)
        await provision.clear_leftovers(place)
        if spec.role is Role.PRIMARY:
            if not place.exists() and desired.system_identifier is None:
                self._observe(Status.INITIALISING)
            await provision.provide_primary(self._installation, self.name, spec, desired)
            return
        why = await provision.reason_to_clone(self._installation, spec, desired)
        if why is None and self._signs_of_damage == SIGNS_BEFORE_CLONING:
            why = "it failed to start, or to answer, again and again"
        primary = self._primary_of(spec, desired)
        if why is None:
            why = await rewind.follow(self._installation, self.name, spec, primary)
        if why:
            await self._clone(spec, primary, why)

    async def _clone(self, spec: ServerSpec, primary: ServerSpec, why: str) -> None:
        log.info("cloning the replica", server=self.name, why=why)
        self._observe(Status.CLONING, why)
        await provision.provide_clone(self._installation, self.name, spec, primary)

    def _begin(self, postmaster: Postmaster) -> None:
        self._postmaster = postmaster
        self._started_at = time.monotonic()
        self._probe_at = 0.0
        self._checked = None
        self._following.begin()

    async def _wait_accepting(self) -> None:
        """Wait for as long as the server is busy starting: crash recovery has no time limit."""
        postmaster = self._postmaster
        look_at = time.monotonic() + LOOK_SECONDS
        while postmaster and not postmaster.accepts_connections:
            if not postmaster.alive:
                self._postmaster = None
                self._signs_of_damage += 1
                raise StartError(self.name, self._log_directory, log_tail(self._log_directory))
            if time.monotonic() > look_at:
                look_at = time.monotonic() + LOOK_SECONDS
                if self._following.waits_in_vain(postmaster.doing()):
                    self._signs_of_damage = SIGNS_BEFORE_CLONING
                    await self._end()
                    raise StuckError(self.name)
            await asyncio.sleep(TICK_SECONDS / 10)

    # -- ending

    async def _stop(self, spec: ServerSpec | None) -> None:
        if self._postmaster is None and spec:
            self._postmaster = Postmaster.find(self._installation.data_directory(spec))
        await self._end()
        self._observe(Status.STOPPED)

    def _is_held(self, desired: Desired) -> bool:
        """Return whether it has been stopped for this pause: from then on the directory is whose who asked for it."""
        seen = self._observed
        return seen is not None and seen.status is Status.STOPPED and seen.generation == desired.generation

    async def _end(self) -> None:
        postmaster, self._postmaster = self._postmaster, None
        if postmaster is not None:
            await ending.end(postmaster, self.name)

    # -- what is known

    def _primary_of(self, spec: ServerSpec, desired: Desired) -> ServerSpec:
        primary = desired.servers.get(spec.follows or "")
        if primary is None:
            raise DataDirectoryError(f"The {self.name} should follow {spec.follows}, and there is no such server.")
        return primary

    def _note_failure(self, failure: Exception) -> None:
        self._failures += 1
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
    def _log_directory(self) -> Path:
        return self._installation.layout.server_log(self.name)


def backoff_seconds(times: int) -> float:
    return BACKOFF_SECONDS[max(0, min(times, len(BACKOFF_SECONDS) - 1))]
