"""Exchanges the live database's data directory: servers held still, one atomic change, servers let go.

Everything goes through the desired state, which the supervisor follows. While a server is paused nobody can write to
it; a start of the whole installation ends every pause, so that a crash leaves the live database as it was.
"""

import asyncio
import time
from collections.abc import Collection
from pathlib import Path

from db.cluster import control, ending
from db.cluster.desired import Desired, Role, ServerSpec, Status
from db.cluster.lock import holder, is_elsewhere
from db.cluster.postmaster import Postmaster
from db.lsn import Lsn
from db.repository import Incarnation, Segment
from db.repository.inventory import Inventory
from jobs.restores.errors import CutOverError
from jobs.site import Site

PRIMARY = "primary"
POLL_SECONDS = 0.1
STOP_SECONDS = 120.0
ARCHIVE_SECONDS = 120.0
START_SECONDS = 120.0
FOLLOW_SECONDS = 1800.0


def primary(site: Site) -> ServerSpec | None:
    return site.installation.states.desired().servers.get(PRIMARY)


def replicas(site: Site) -> list[str]:
    servers = site.installation.states.desired().servers
    return [name for name, spec in servers.items() if spec.role is Role.REPLICA and spec.running]


async def pause(site: Site, names: Collection[str]) -> None:
    """Hold servers still, and wait until they are.

    Raises:
        CutOverError: one does not stop; what was paused goes on.
    """

    def held(before: Desired) -> Desired:
        return before.model_copy(update={"paused": tuple(sorted({*before.paused, *names}))})

    desired = site.installation.states.change(held)
    generation = desired.generation
    deadline = time.monotonic() + STOP_SECONDS
    if not is_supervised(site):
        await _stop_orphans(site, [desired.servers[name] for name in names if name in desired.servers])
    for name in names:
        while not _stopped(site, name, generation):
            if time.monotonic() > deadline:
                release(site)
                raise CutOverError(f"The {name} does not stop, so nothing was changed.")
            await asyncio.sleep(POLL_SECONDS)


async def _stop_orphans(site: Site, specs: Collection[ServerSpec]) -> None:
    """Stop servers that go on without anybody who looks after them."""
    for spec in specs:
        found = Postmaster.find(site.installation.data_directory(spec))
        if found is not None:
            await ending.end(found, spec.directory)


def release(site: Site) -> None:
    """Let all servers go on as they were."""
    site.installation.states.change(lambda before: before.model_copy(update={"paused": ()}))


def switch(site: Site, directory: str, *, system_identifier: str) -> None:
    """Make another data directory the live one, and let go of the servers, in one change.

    Raises:
        CutOverError: somebody has let them go meanwhile: what is live has gone on.
    """

    def exchanged(before: Desired) -> Desired:
        if PRIMARY in before.servers and PRIMARY not in before.paused:
            raise CutOverError("The installation was started anew in the middle of the change, so nothing was changed.")
        after = before.with_primary(directory)
        return after.model_copy(update={"paused": (), "system_identifier": system_identifier})

    site.installation.states.change(exchanged)


def is_supervised(site: Site) -> bool:
    """Return whether some process makes the servers what they should be."""
    return holder(site.installation.layout) is not None


async def wait_running(site: Site, name: str, *, seconds: float = START_SECONDS) -> bool:
    """Wait until a server does what it should; False where it does not in time, or nobody looks after it."""
    deadline = time.monotonic() + seconds
    while not _runs(site, name):
        if time.monotonic() > deadline or not is_supervised(site):
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


async def wait_archived(site: Site, incarnation: Incarnation, place: Path) -> Lsn | None:
    """Wait until the archive has all that a server wrote which has been shut down; return how far that goes.

    None where there is no data directory, or its server was not shut down in order: nobody knows what it wrote last.

    Raises:
        CutOverError: the archive lacks some of it.
    """
    found = await control.read(site.installation, place)
    if found is None or found.get("Database cluster state") != "shut down":
        return None
    timeline = int(found["Latest checkpoint's TimeLineID"])
    end = Lsn.parse(found["Latest checkpoint location"])
    # Before its last checkpoint a server switches to a new segment, which holds nothing else.
    needed = Segment.of(timeline, end).start
    deadline = time.monotonic() + ARCHIVE_SECONDS
    while (reached := await asyncio.to_thread(_reached, incarnation, timeline)) < needed:
        if time.monotonic() > deadline:
            raise CutOverError(
                f"The live database wrote up to {needed}, and the archive has it up to {reached} only. Promoting would "
                "lose the rest, so nothing was changed.",
                hint="`yukyu backup status` says what is wrong with the archive.",
            )
        await asyncio.sleep(POLL_SECONDS)
    return end


def _reached(incarnation: Incarnation, timeline: int) -> Lsn:
    return Inventory.read(incarnation).end(timeline)


def _stopped(site: Site, name: str, generation: int) -> bool:
    spec = site.installation.states.desired().servers.get(name)
    if spec is None:
        return True
    if Postmaster.find(site.installation.data_directory(spec)) is not None:
        return False
    if holder(site.installation.layout, [name]) is None:  # a node that is started now leaves it as it is
        return True
    observed = site.installation.states.observed(name)
    return observed is not None and observed.generation >= generation and observed.status is Status.STOPPED


def _runs(site: Site, name: str) -> bool:
    desired = site.installation.states.desired()
    observed = site.installation.states.observed(name)
    if observed is None or observed.status is not Status.RUNNING:
        return False
    if is_elsewhere(site.installation.layout, name):  # what its node says is all that can be known of it
        return True
    found = Postmaster.find(site.installation.data_directory(desired.servers[name]))
    return found is not None and observed.pid == found.pid and found.accepts_connections
