"""One restore from its plan to READY: a function a state, each of which can be begun again at any point."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import structlog

from db.control import RestoreRun, RestoreState
from db.errors import AppError
from db.restores import server
from jobs.backups import chain, discard, unpack
from jobs.refusal import Refusal
from jobs.restores import places, promoting, recovering, runs
from jobs.restores.errors import RefusedError
from jobs.restores.plan import Course, plan
from jobs.restores.steps import step
from jobs.restores.verifying import verify
from jobs.worker.job import Job

log = structlog.get_logger(__name__)

# The part of the whole at which each step begins and ends; promoting goes on from READY.
PLANNED, RESTORED, RECOVERED, VERIFIED = 0.02, 0.45, 0.75, 0.9


async def restore(job: Job) -> dict[str, Any]:
    """Bring a run to READY, or on to PROMOTED, or thrown away where it is a drill."""
    run = await runs.get(job.site, job.arguments["run"])
    try:
        while (forward := STATES.get(run.state)) is not None:
            run = await forward(job, run)
    except AppError as failure:
        await _give_up(job, run.id, failure)
        raise
    if run.state is RestoreState.PROMOTING:
        return await promoting.promote(job)
    return {"state": run.state, "recoveredLsn": run.recovered_lsn}


async def abandon(job: Job) -> None:
    """End a run that its worker died in too often."""
    run = await runs.get(job.site, job.arguments["run"])
    if run.state is RestoreState.PROMOTING:
        await promoting.abandon(job)
    elif run.state not in (*runs.ENDED, RestoreState.READY):
        await _give_up(job, run.id, AppError("The worker died in the middle, again and again."))


async def _plan(job: Job, run: RestoreRun) -> RestoreRun:
    site = job.site
    if run.state is RestoreState.QUEUED:
        run = await runs.move(site, run.id, RestoreState.PLANNING)
    async with step(job, run.id, "Plan", 0.0, PLANNED) as under_way:
        found = await plan(site, runs.target_of(run), system_identifier=job.arguments.get("systemIdentifier"))
        if isinstance(found, Refusal):
            raise RefusedError(found.message, hint=found.hint)
        under_way.message = (
            f"Backup {found.backup.id}, timeline {found.timeline}, {found.wal_segments} segments of WAL, "
            f"about {found.estimated_seconds:.0f} s"
        )

    def note(row: RestoreRun) -> None:
        row.backup_id = found.backup.id
        row.timeline = found.timeline
        row.plan = Course.of(found).kept()
        row.directory = places.name_of(row.id)

    return await runs.move(site, run.id, RestoreState.RESTORING, note, backup=found.backup.id)


async def _restore(job: Job, run: RestoreRun) -> RestoreRun:
    site = job.site
    place, unfinished = places.directory_of(site, run), places.unfinished_of(site, run)
    async with step(job, run.id, "Restore the backup", PLANNED, RESTORED) as under_way:
        if not places.is_unpacked(site, run):
            places.require_new(place)
            await discard(unfinished)
            assert run.backup_id is not None  # noqa: S101 - planned
            parts = await asyncio.to_thread(chain, runs.incarnation_of(site, run), run.backup_id)
            await unpack(site, parts, unfinished, under_way.report, durably=_durably(job))
            await asyncio.to_thread(places.take, unfinished, place, run)
    return await runs.move(site, run.id, RestoreState.RECOVERING, directory=str(place))


async def _recover(job: Job, run: RestoreRun) -> RestoreRun:
    site = job.site
    place, incarnation, course = places.directory_of(site, run), runs.incarnation_of(site, run), runs.course_of(run)
    async with step(job, run.id, "Recover", RESTORED, RECOVERED) as under_way, _private_server(job, run):
        _, standing = await recovering.recover(site, incarnation, place, course, under_way.report)
        under_way.message = f"Recovered to {standing.lsn} on timeline {course.goal.timeline}"

    def note(row: RestoreRun) -> None:
        row.recovered_lsn = str(standing.lsn)
        row.recovered_to = standing.committed_at

    return await runs.move(site, run.id, RestoreState.VERIFYING, note, recovered=str(standing.lsn))


async def _verify(job: Job, run: RestoreRun) -> RestoreRun:
    site = job.site
    place, incarnation, course = places.directory_of(site, run), runs.incarnation_of(site, run), runs.course_of(run)
    async with step(job, run.id, "Verify", RECOVERED, VERIFIED) as under_way, _private_server(job, run):
        private, _ = await recovering.recover(site, incarnation, place, course, under_way.report)
        found = await verify(site, private, under_way)
        # Nobody needs it until somebody promotes it.
        await private.stop()

    def note(row: RestoreRun) -> None:
        row.differences = [_as_kept(asdict(each)) for each in found]
        row.progress = 1.0 if row.drill else VERIFIED

    if run.drill:
        await places.remove(site, place.name)
        return await runs.move(site, run.id, RestoreState.DISCARDED, note)
    after = RestoreState.PROMOTING if run.promote else RestoreState.READY
    return await runs.move(site, run.id, after, note)


STATES: dict[RestoreState, Callable[[Job, RestoreRun], Awaitable[RestoreRun]]] = {
    RestoreState.QUEUED: _plan,
    RestoreState.PLANNING: _plan,
    RestoreState.RESTORING: _restore,
    RestoreState.RECOVERING: _recover,
    RestoreState.VERIFYING: _verify,
}


@asynccontextmanager
async def _private_server(job: Job, run: RestoreRun) -> AsyncGenerator[None]:
    """Stop the private server when the worker is stopped in order; one that is killed leaves it to the next."""
    try:
        yield
    except asyncio.CancelledError:
        await server.stop(job.site.installation, places.directory_of(job.site, run))
        raise


async def _give_up(job: Job, run_id: str, failure: AppError) -> None:
    """Say why a run failed, and leave nothing of it."""
    site = job.site
    run = await runs.get(site, run_id)
    said = f"{failure.message} {failure.hint or ''}".rstrip()
    log.warning("restore failed", run=run_id, reason=said)
    if run.directory is not None and _is_ours(job, run):
        await places.remove(site, run.directory)

    def note(row: RestoreRun) -> None:
        row.error = said

    await runs.move(site, run_id, RestoreState.FAILED, note, error=said)


def _is_ours(job: Job, run: RestoreRun) -> bool:
    """Return whether what is at the run's place was put there by it: a failed unpacking leaves another name."""
    return run.state is not RestoreState.RESTORING or places.unfinished_of(job.site, run).exists()


def _durably(job: Job) -> bool:
    servers = job.site.installation.states.desired().servers.values()
    return all(spec.durable for spec in servers)


def _as_kept(difference: dict[str, Any]) -> dict[str, Any]:
    names = {"table": "table", "live_rows": "liveRows", "restored_rows": "restoredRows"}
    return {names[name]: value for name, value in difference.items()}
