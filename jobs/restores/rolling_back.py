"""Undoes a promotion: the database that was live before it becomes live again, if nothing is lost by that."""

import asyncio
from typing import Any

from db.cluster import control, urls
from db.cluster.connection import AWAY, connected
from db.control import RestoreRun, RestoreState
from db.lsn import Lsn
from db.repository import BackupKind, Incarnation, marks
from db.repository.marks import Mark
from db.restores import contents, server, takeover
from db.restores.contents import Fingerprint
from db.restores.server import PrivateServer
from jobs.backups import requests
from jobs.restores import cutover, places, runs
from jobs.restores.cutover import PRIMARY
from jobs.restores.errors import CutOverError, RefusedError
from jobs.restores.steps import step
from jobs.restores.verifying import COUNT_SECONDS
from jobs.site import Site
from jobs.worker.job import Job

LATER = "Going back now would lose it; restore to the latest moment before the promotion instead."


async def roll_back(job: Job) -> dict[str, Any]:
    """Bring a run that is ROLLING_BACK to ROLLED_BACK, or back to PROMOTED where something has been committed."""
    run = await runs.get(job.site, job.arguments["run"])
    if run.state is not RestoreState.ROLLING_BACK:
        return {"state": run.state}
    if places.live_directory(job.site) == run.directory:
        try:
            await _exchange(job, run)
        except asyncio.CancelledError:  # the worker is stopped in order; the next one begins again
            cutover.release(job.site)
            raise
        except Exception as failure:
            await _go_back(job, run, failure)
            raise
    return await _finish(job, run)


async def abandon(job: Job) -> None:
    run = await runs.get(job.site, job.arguments["run"])
    if run.state is not RestoreState.ROLLING_BACK:
        return
    if places.live_directory(job.site) == run.directory:
        await _go_back(job, run, CutOverError("The worker died while it rolled back, again and again."))
    else:
        await _finish(job, run)


async def committed_since(site: Site, run: RestoreRun) -> str | None:
    """Ask the live database what has been committed since the promotion; None when nothing has, or it is down."""
    primary = cutover.primary(site)
    if primary is None or not run.fingerprint:
        return "nobody knows what the database held then"
    try:
        async with connected(urls.admin(primary, site.installation.passwords)) as connection:
            return await contents.changed_since(connection, Fingerprint(**run.fingerprint), seconds=COUNT_SECONDS)
    except AWAY:
        return None


async def _exchange(job: Job, run: RestoreRun) -> None:
    site, incarnation = job.site, runs.incarnation_of(job.site, run)
    assert run.directory is not None and run.kept_directory is not None  # noqa: PT018, S101 - it was promoted
    async with step(job, run.id, "Stop writes again", 0.0, 0.3):
        place = places.directory_of(site, run)
        await server.stop_private(site.installation, place)
        await cutover.pause(site, [PRIMARY, *cutover.replicas(site)])
        await cutover.wait_archived(site, incarnation, place)
    async with step(job, run.id, "See that nothing was committed", 0.3, 0.6):
        await _require_unchanged(job, run)
    async with step(job, run.id, "Exchange the databases again", 0.6, 0.7):
        await _mark_live(job, incarnation, run)
        cutover.switch(site, run.kept_directory, system_identifier=incarnation.system_identifier)


async def _require_unchanged(job: Job, run: RestoreRun) -> None:
    """Look once more, now that nobody can write: what is found here stays true."""
    installation, place = job.site.installation, places.directory_of(job.site, run)
    await server.stop(installation, place)
    # What it writes is archived too: an attempt after a crash waits for that.
    private = await PrivateServer.start(installation, place, takeover.archiving(runs.incarnation_of(job.site, run)))
    await private.wait_accepting()
    try:
        async with private.connected() as connection:
            what = await contents.changed_since(connection, Fingerprint(**run.fingerprint), seconds=COUNT_SECONDS)
    finally:
        await private.stop()
    if what is not None:
        raise RefusedError(f"Since the promotion {what}.", hint=LATER)


async def _mark_live(job: Job, incarnation: Incarnation, run: RestoreRun) -> None:
    """Say from when on the old timeline is live again."""
    assert run.kept_directory is not None  # noqa: S101 - it was promoted
    place = job.site.installation.layout.data_directory(run.kept_directory)
    found = await control.read(job.site.installation, place)
    if found is None:
        raise CutOverError(f"The directory that was kept, {place}, cannot be used.")
    timeline = int(found["Latest checkpoint's TimeLineID"])
    marks.append(incarnation, Mark(job.site.clock(), timeline, Lsn.parse(found["Latest checkpoint location"]), "live"))


async def _finish(job: Job, run: RestoreRun) -> dict[str, Any]:
    site = job.site
    async with step(job, run.id, "Start the database of before", 0.7, 0.9) as under_way:
        running = await cutover.wait_running(site, PRIMARY)
        under_way.message = "It takes writes" if running else "It does not run yet"
    await requests.request(site, BackupKind.FULL, by=run.requested_by)
    async with step(job, run.id, "Let the replica follow again", 0.9, 1.0):
        for name in cutover.replicas(site):
            await cutover.wait_running(site, name, seconds=cutover.FOLLOW_SECONDS)
    if run.directory is not None:
        await places.remove(site, run.directory)

    def note(row: RestoreRun) -> None:
        row.kept_directory = None
        row.error = None
        row.progress = 1.0

    run = await runs.move(site, run.id, RestoreState.ROLLED_BACK, note)
    return {"state": run.state}


async def _go_back(job: Job, run: RestoreRun, failure: Exception) -> None:
    await server.stop_private(job.site.installation, places.directory_of(job.site, run))
    cutover.release(job.site)
    said = getattr(failure, "message", str(failure))
    _correct_marks(job, run)

    def note(row: RestoreRun) -> None:
        row.error = said

    await runs.move(job.site, run.id, RestoreState.PROMOTED, note, error=said)


def _correct_marks(job: Job, run: RestoreRun) -> None:
    """Take back a mark of an exchange that was not made."""
    incarnation = runs.incarnation_of(job.site, run)
    lives = marks.lives(incarnation)
    if run.promoted_timeline is None or not lives or lives[-1].timeline == run.promoted_timeline:
        return
    if places.live_directory(job.site) == run.directory:
        before = next((mark for mark in reversed(lives) if mark.timeline == run.promoted_timeline), None)
        if before is not None:
            marks.append(incarnation, Mark(lives[-1].at, before.timeline, before.lsn, "live", before.name))
