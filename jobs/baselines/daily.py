"""The daily baseline: asked for by the schedule, taken once enough has been measured."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from apscheduler.triggers.cron import CronTrigger

from db.control import Operation, operations
from jobs.baselines import taking
from jobs.site import Site
from jobs.worker.job import Job, Kind
from jobs.worker.schedule import BY, Scheduled

KIND: Final = "baseline"
LABEL: Final = "daily"
# After a start there are few snapshots; how many are waited for, and how long.
ENOUGH: Final = 20
PATIENCE: Final = timedelta(minutes=15)
POLL_SECONDS: Final = 5.0


async def request(site: Site) -> Operation | None:
    """Ask for the daily baseline, unless one is asked for already."""
    async with site.control.transaction() as session:
        if await operations.open_of(session, [KIND]):
            return None
        return await operations.request(session, KIND, {"label": LABEL}, by=BY, now=site.clock())


async def run(job: Job) -> dict[str, Any]:
    site, until = job.site, job.site.clock() + PATIENCE
    while await taking.count_snapshots(site) < ENOUGH and site.clock() < until:  # noqa: ASYNC110 - the worker's keeper takes them
        await asyncio.sleep(POLL_SECONDS)
    baseline = await taking.create(site, str(job.operation.arguments["label"]), by=job.operation.requested_by)
    return {"baseline": baseline.id}


KINDS: Final = (Kind(KIND, "baselines", run),)
# Half past two in the afternoon in Japan: of an hour in which people work, not of a quiet night.
SCHEDULE: Final = (
    Scheduled(KIND, CronTrigger(hour=5, minute=30, timezone="UTC"), request, catch_up=True, at_first=True),
)
