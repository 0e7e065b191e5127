"""Removes what promotions kept for longer than anybody goes back."""

from typing import Any

from db.control import RestoreState
from jobs.restores import promoting, runs
from jobs.worker.job import Job


async def tidy(job: Job) -> dict[str, Any]:
    for run_id in job.arguments["runs"]:
        run = await runs.get(job.site, run_id)
        if run.state is RestoreState.PROMOTED:
            await promoting.forget(job, run)
    return {}
