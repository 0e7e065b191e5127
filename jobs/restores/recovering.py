"""Recovers a data directory to the goal of its plan, on a private server."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from db.cluster.connection import AWAY
from db.lsn import Lsn
from db.repository import Incarnation, Segment
from db.repository.restoring import restore_command
from db.restores import recovery
from db.restores.recovery import Standing
from db.restores.server import PrivateServer
from jobs.restores.errors import ShortError
from jobs.restores.plan import Course
from jobs.restores.segments import segments_for
from jobs.site import Site

POLL_SECONDS = 0.1
# How long nothing may come out of the archive before recovery is taken to be at its end.
EXHAUSTED_SECONDS = 3.0
# How long one segment may take to come before the server answers at all.
WAITING_SECONDS = 30.0
RESTARTS = 3

NAME = re.compile(r"[0-9A-F]{24}")

Report = Callable[[float, str], Awaitable[None]]


async def recover(
    site: Site, incarnation: Incarnation, place: Path, course: Course, report: Report
) -> tuple[PrivateServer, Standing]:
    """Return the private server with all replayed that belongs to the goal, and nothing else.

    One that runs already, because its worker died, goes on.

    Raises:
        ShortError: the WAL ended before the goal.
        EndedError: the server ended; the sentence says why.
    """
    for _ in range(RESTARTS):
        server = PrivateServer.find(site.installation, place) or await _start(site, incarnation, place, course)
        await _until_it_answers(server, course, report)
        standing = await _until_goal(server, course, report)
        if not await _lacks_settings(site, server, place):
            return server, standing
        await server.stop()  # it paused where its primary was given higher settings; pg_controldata knows them by now
    raise ShortError("The server pauses again and again because its settings are lower than the primary's were.")


async def without_goal(site: Site, incarnation: Incarnation, server: PrivateServer, course: Course) -> PrivateServer:
    """Start a server again that has replayed all there is, so that it may be promoted there.

    PostgreSQL refuses to promote one whose goal it has not seen. Nothing may be added to the archive meanwhile.
    """
    place = server.place
    await server.stop()
    again = await _start(site, incarnation, place, course, goal=False)
    await again.wait_accepting()
    deadline = time.monotonic() + WAITING_SECONDS
    while not (await _standing(again)).exhausted:
        again.require_alive()
        if time.monotonic() > deadline:
            raise ShortError("The recovered server does not come to the end of its WAL.")
        await asyncio.sleep(POLL_SECONDS)
    return again


async def _start(
    site: Site, incarnation: Incarnation, place: Path, course: Course, *, goal: bool = True
) -> PrivateServer:
    installation = site.installation
    recovery.make_standby(installation, place)
    scripts = installation.layout.create_server_log(place.name, installation.user)
    start = await recovery.begins_at(installation, place) or course.start
    segments = await asyncio.to_thread(segments_for, site, incarnation, place, course, start)
    settings = {
        **await recovery.required_settings(installation, place),
        **(course.goal.settings() if goal else {"recovery_target_timeline": str(course.goal.timeline)}),
        "restore_command": restore_command(incarnation, installation.user, scripts, segments=segments),
    }
    return await PrivateServer.start(installation, place, settings)


async def _until_it_answers(server: PrivateServer, course: Course, report: Report) -> None:
    """Wait until what is replayed is consistent."""
    waits_for: int | None = None
    since = time.monotonic()
    while not server.postmaster.accepts_connections:
        server.require_alive()
        doing = server.postmaster.doing()
        name = NAME.search(doing)
        # It asks for a segment on every timeline, and again and again for one that is damaged.
        number = segment.number if name and (segment := Segment.parse(name[0])) else None
        if number != waits_for:
            waits_for, since = number, time.monotonic()
        elif name and time.monotonic() - since > WAITING_SECONDS:
            raise ShortError(
                f"Recovery ended before its data was consistent: the archive has no sound {name[0]}.",
                hint="Choose another backup or another target; `yukyu backup status` names what is missing.",
            )
        await report(*_progress(course, doing))
        await asyncio.sleep(POLL_SECONDS)


async def _until_goal(server: PrivateServer, course: Course, report: Report) -> Standing:
    # A segment that is damaged is got from the archive again and again, so what counts is that nothing is replayed.
    exhausted_at: Lsn | None = None
    since = 0.0
    while True:
        standing = await _standing(server)
        if standing.paused:
            return standing
        if standing.exhausted and standing.lsn >= course.proof:
            return standing
        if standing.lsn != exhausted_at:
            exhausted_at = standing.lsn if standing.exhausted else None
            since = time.monotonic()
        elif time.monotonic() - since > EXHAUSTED_SECONDS:
            raise ShortError(
                f"Recovery ended at {standing.lsn}, before its target: the archive gave no sound WAL behind that, and "
                f"it has to reach {course.proof} at least.",
                hint="Choose an earlier target; `yukyu backup status` names what is missing or damaged.",
            )
        await report(*_progress(course, server.postmaster.doing()))
        await asyncio.sleep(POLL_SECONDS)


async def _standing(server: PrivateServer) -> Standing:
    while True:
        try:
            async with server.connected() as connection:
                return await recovery.standing(connection)
        except AWAY:
            server.require_alive()
            await asyncio.sleep(POLL_SECONDS)


async def _lacks_settings(site: Site, server: PrivateServer, place: Path) -> bool:
    """Return whether recovery may have paused because a setting is lower than the primary's was."""
    needed = await recovery.required_settings(site.installation, place)
    async with server.connected() as connection:
        return await recovery.has_less(connection, needed)


def _progress(course: Course, doing: str) -> tuple[float, str]:
    name = NAME.search(doing)
    segment = Segment.parse(name[0]) if name else None
    if segment is None:
        return 0.0, "Starting"
    first = Segment.of(0, course.start).number
    last = Segment.of(0, Lsn(max(course.start, course.end))).number
    done = (segment.number - first) / max(1, last + 1 - first)
    return done, f"Segment {segment.number - first + 1} of {last + 1 - first}"
