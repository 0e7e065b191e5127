"""Tells how far a restore is: its steps, and one progress over all of them."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from db.control import RestoreRun
from db.errors import AppError
from jobs.restores import runs
from jobs.worker.job import Job

RUNNING, DONE, FAILED = "RUNNING", "DONE", "FAILED"
INTERVAL_SECONDS = 0.5


@dataclass
class Step:
    """One that is under way; `begins` and `ends` are the parts of the whole between which it moves."""

    job: Job
    run_id: str
    name: str
    begins: float
    ends: float
    message: str = ""
    _reported_at: float = field(default=0.0)

    async def report(self, fraction: float, message: str) -> None:
        """Say how far it is; so often that it costs nothing."""
        self.message = message
        now = time.monotonic()
        if now - self._reported_at >= INTERVAL_SECONDS:
            self._reported_at = now
            await self.write(RUNNING, fraction)

    async def write(self, state: str, fraction: float) -> None:
        progress = self.begins + (self.ends - self.begins) * max(0.0, min(1.0, fraction))
        moment = self.job.site.clock().isoformat()

        def note(run: RestoreRun) -> None:
            run.progress = progress
            others = [step for step in run.steps if step["name"] != self.name]
            before = next((step for step in run.steps if step["name"] == self.name), None)
            run.steps = [*others, self._as_kept(before, state, moment)]

        await runs.update(self.job.site, self.run_id, note)
        await self.job.report(progress, f"{self.name}: {self.message}" if self.message else self.name)

    def _as_kept(self, before: dict[str, Any] | None, state: str, moment: str) -> dict[str, Any]:
        # One that was done before is done again, and its time counts from then.
        again = before is not None and before["state"] == RUNNING
        return {
            "name": self.name,
            "state": state,
            "startedAt": before["startedAt"] if before is not None and again else moment,
            "finishedAt": None if state == RUNNING else moment,
            "message": self.message or None,
        }


@asynccontextmanager
async def step(job: Job, run_id: str, name: str, begins: float, ends: float) -> AsyncGenerator[Step]:
    """Note when something begins, and how it ends."""
    one = Step(job, run_id, name, begins, ends)
    await one.write(RUNNING, 0.0)
    try:
        yield one
    except Exception as failure:
        one.message = failure.message if isinstance(failure, AppError) else type(failure).__name__
        await one.write(FAILED, 0.0)
        raise
    await one.write(DONE, 1.0)
