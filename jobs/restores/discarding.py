"""Throws a restore away."""

from typing import Any

from db.control import RestoreState
from jobs.restores import places, runs
from jobs.restores.steps import step
from jobs.worker.job import Job


async def discard(job: Job) -> dict[str, Any]:
    run = await runs.get(job.site, job.arguments["run"])
    if run.state is RestoreState.READY:
        async with step(job, run.id, "Discard", run.progress, run.progress):
            await places.remove(job.site, places.directory_of(job.site, run).name)
        run = await runs.move(job.site, run.id, RestoreState.DISCARDED)
    return {"state": run.state}
