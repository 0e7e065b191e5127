"""Makes a verified restore the live database.

What can fail does so before the live database is stopped, or lets it go on. From the one change of the desired state on
the restored database is the live one, and what is left to do is done however often it is interrupted.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from db import migrations
from db.cluster import control
from db.control import RestoreRun, RestoreState
from db.errors import AppError
from db.lsn import Lsn
from db.repository import BackupKind, Incarnation, marks
from db.repository.marks import Mark
from db.restores import contents, recovery, server, takeover
from db.restores.server import PrivateServer
from jobs.backups import requests
from jobs.restores import cutover, places, recovering, runs
from jobs.restores.cutover import PRIMARY
from jobs.restores.errors import CutOverError
from jobs.restores.steps import step
from jobs.restores.verifying import COUNT_SECONDS
from jobs.worker.job import Job

log = structlog.get_logger(__name__)

BEGUN, PREPARED, STOPPED, TAKEN_OVER, SWITCHED, FOLLOWED = 0.9, 0.92, 0.94, 0.96, 0.98, 1.0
HISTORY_SECONDS = 60.0


async def promote(job: Job) -> dict[str, Any]:
    """Bring a run that is PROMOTING to PROMOTED; one whose live database cannot be stopped goes back to READY."""
    run = await runs.get(job.site, job.arguments["run"])
    if run.state is not RestoreState.PROMOTING:
        return {"state": run.state}
    if places.live_directory(job.site) != run.directory:
        try:
            run = await _take_over(job, run)
        except asyncio.CancelledError:  # the worker is stopped in order; the next one begins again
            cutover.release(job.site)
            await server.stop(job.site.installation, places.directory_of(job.site, run))
            raise
        except Exception as failure:
            await _go_back(job, run.id, failure)
            raise
    return await _finish(job, run)


async def abandon(job: Job) -> None:
    """End a promotion that its worker died in too often: the live database, whichever it is, goes on."""
    run = await runs.get(job.site, job.arguments["run"])
    if run.state is not RestoreState.PROMOTING:
        return
    if places.live_directory(job.site) == run.directory:
        await _finish(job, run)
    else:
        await _go_back(job, run.id, AppError("The worker died while it promoted, again and again."))


async def _take_over(job: Job, run: RestoreRun) -> RestoreRun:
    """Do all up to the one change that makes the restored database the live one."""
    site = job.site
    place, incarnation = places.directory_of(site, run), runs.incarnation_of(site, run)
    _correct_marks(job, incarnation, run)
    async with step(job, run.id, "Prepare the restored database", BEGUN, PREPARED) as under_way:
        if _recovers(place):  # so that it is quick once nobody can write any more
            await recovering.recover(site, incarnation, place, runs.course_of(run), under_way.report)
    live = cutover.primary(site)
    kept = live.directory if live and site.installation.data_directory(live).exists() else None
    async with step(job, run.id, "Stop writes", PREPARED, STOPPED) as under_way:
        if live is not None:
            await cutover.pause(site, [PRIMARY])
            end = await cutover.wait_archived(site, incarnation, site.installation.data_directory(live))
            under_way.message = (
                f"The live database ended at {end}; its WAL is in the archive and its directory {kept} is kept"
                if end is not None
                else "There was no live database that ended in order"
            )
    async with step(job, run.id, "Begin a new timeline", STOPPED, TAKEN_OVER) as under_way:
        run = await _begin_timeline(job, run, incarnation, kept)
        under_way.message = f"Timeline {run.promoted_timeline} begins at {run.promoted_lsn}"
    async with step(job, run.id, "Exchange the databases", TAKEN_OVER, SWITCHED):
        await cutover.pause(site, [PRIMARY, *cutover.replicas(site)])
        _mark_live(job, incarnation, run)
        assert run.directory is not None  # noqa: S101 - planned
        cutover.switch(site, run.directory, system_identifier=incarnation.system_identifier)
    return run


async def _begin_timeline(job: Job, run: RestoreRun, incarnation: Incarnation, kept: str | None) -> RestoreRun:
    """Promote the restored database where nobody can reach it, and make it all that the live one has to be."""
    site, place = job.site, places.directory_of(job.site, run)
    if await _is_done(job, run, place):
        return await runs.update(site, run.id, lambda row: setattr(row, "kept_directory", kept))
    private = await _ready_to_promote(job, run, incarnation, place)
    await asyncio.to_thread((place / places.NOTE).unlink, missing_ok=True)
    began = await takeover.promote(private, incarnation, cutover.replicas(site))
    async with private.connected() as connection:
        await takeover.set_passwords(connection, site.installation.passwords)
    await migrations.upgrade(private.url_of("yukyu"))
    async with private.connected() as connection:
        found = await contents.fingerprint(connection, seconds=COUNT_SECONDS)
    await _wait_history(incarnation, began.number)
    await private.stop()

    def note(row: RestoreRun) -> None:
        row.kept_directory = kept
        row.promoted_timeline = began.number
        row.promoted_lsn = str(began.lsn)
        row.fingerprint = asdict(found)

    return await runs.update(site, run.id, note)


async def _ready_to_promote(job: Job, run: RestoreRun, incarnation: Incarnation, place: Path) -> PrivateServer:
    """Return the private server at its goal, or promoted already."""
    site, course = job.site, runs.course_of(run)
    if not _recovers(place):
        private = PrivateServer.find(site.installation, place)
        private = private or await PrivateServer.start(site.installation, place, {})
        await private.wait_accepting()
        return private

    async def silent(_fraction: float, _message: str) -> None:
        pass

    private, standing = await recovering.recover(site, incarnation, place, course, silent)
    if standing.paused:
        return private
    return await recovering.without_goal(site, incarnation, private, course)


async def _is_done(job: Job, run: RestoreRun, place: Path) -> bool:
    """Return whether an earlier attempt promoted it, finished with it and stopped it in order."""
    if run.promoted_timeline is None or _recovers(place):
        return False
    await server.stop(job.site.installation, place)
    found = await control.read(job.site.installation, place)
    return found is not None and found.get("Database cluster state") == "shut down"


async def _finish(job: Job, run: RestoreRun) -> dict[str, Any]:
    """Do what is left when the restored database is the live one."""
    site = job.site
    followed = "Nobody looks after the servers here; `yukyu up` will start them"
    async with step(job, run.id, "Start the restored database", SWITCHED, SWITCHED) as under_way:
        if cutover.is_supervised(site):
            running = await cutover.wait_running(site, PRIMARY)
            under_way.message = "It takes writes" if running else "It does not run yet; its supervisor goes on trying"
        else:
            under_way.message = followed
    await requests.request(site, BackupKind.FULL, by=run.requested_by)
    async with step(job, run.id, "Let the replica follow", SWITCHED, FOLLOWED) as under_way:
        under_way.message = await _followers(job)
    await _forget_older(job, run)

    def note(row: RestoreRun) -> None:
        row.progress = 1.0
        row.error = None

    course = runs.course_of(run)
    run = await runs.move(
        site,
        run.id,
        RestoreState.PROMOTED,
        note,
        timeline=run.promoted_timeline,
        began=run.promoted_lsn,
        kept=run.kept_directory,
        discardedAfter=run.recovered_lsn,
        discardedSeconds=course.discards_seconds,
    )
    return {"state": run.state, "timeline": run.promoted_timeline, "lsn": run.promoted_lsn}


async def _followers(job: Job) -> str:
    names = cutover.replicas(job.site)
    if not names:
        return "There is none"
    if not cutover.is_supervised(job.site):
        return "It follows once the servers are started"
    late = [name for name in names if not await cutover.wait_running(job.site, name, seconds=cutover.FOLLOW_SECONDS)]
    return f"{', '.join(late)} does not follow yet; its supervisor goes on trying" if late else "It follows"


async def _forget_older(job: Job, run: RestoreRun) -> None:
    """Remove the directories that earlier promotions kept: the one before this is what a rollback needs."""
    site = job.site
    for other in await runs.in_states(site, [RestoreState.PROMOTED]):
        kept = other.kept_directory
        if other.id == run.id or kept in {None, run.kept_directory, run.directory}:
            continue
        try:
            await forget(job, other)
        except AppError as failure:
            log.warning("a directory that was kept is not removed", run=other.id, reason=failure.message)


async def forget(job: Job, run: RestoreRun) -> None:
    """Remove the directory that a promotion kept."""
    if run.kept_directory is not None:
        await places.remove(job.site, run.kept_directory)
        await runs.update(job.site, run.id, lambda row: setattr(row, "kept_directory", None))


async def _go_back(job: Job, run_id: str, failure: Exception) -> None:
    """Let the live database go on; the run can be promoted again, or discarded."""
    site = job.site
    cutover.release(site)
    run = await runs.get(site, run_id)
    _correct_marks(job, runs.incarnation_of(site, run), run)
    await server.stop(site.installation, places.directory_of(site, run))
    said = f"{failure.message} {failure.hint or ''}".rstrip() if isinstance(failure, AppError) else str(failure)
    log.warning("promotion failed", run=run_id, reason=said)

    def note(row: RestoreRun) -> None:
        row.error = said

    await runs.move(site, run_id, RestoreState.READY, note, error=said)


def _recovers(place: Path) -> bool:
    """Return whether a restored data directory has not been promoted: PostgreSQL removes the file when it is."""
    return (place / recovery.SIGNAL).exists()


def _mark_live(job: Job, incarnation: Incarnation, run: RestoreRun) -> None:
    """Say from when on the new timeline is the live one, before anybody can write to it."""
    assert run.promoted_timeline is not None and run.promoted_lsn is not None  # noqa: PT018, S101 - it has begun
    marks.append(
        incarnation, Mark(job.site.clock(), run.promoted_timeline, Lsn.parse(run.promoted_lsn), "live", run.id)
    )


def _correct_marks(job: Job, incarnation: Incarnation, run: RestoreRun) -> None:
    """Take back a mark that an attempt left which did not get as far as the exchange."""
    lives: Sequence[Mark] = marks.lives(incarnation)
    if run.promoted_timeline is None or not lives or lives[-1].timeline != run.promoted_timeline:
        return
    if places.live_directory(job.site) == run.directory:
        return
    wrong = lives[-1]
    before = next((mark for mark in reversed(lives) if mark.timeline != wrong.timeline), None)
    if before is not None:
        marks.append(incarnation, Mark(wrong.at, before.timeline, before.lsn, "live", before.name))


async def _wait_history(incarnation: Incarnation, timeline: int) -> None:
    deadline = asyncio.get_running_loop().time() + HISTORY_SECONDS
    while not takeover.history_is_archived(incarnation, timeline):
        if asyncio.get_running_loop().time() > deadline:
            raise CutOverError(
                f"The archive did not take the history of timeline {timeline}, so nothing was changed.",
                hint="`yukyu backup status` says what is wrong with the archive.",
            )
        await asyncio.sleep(0.1)
