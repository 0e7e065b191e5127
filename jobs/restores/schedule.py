"""What happens to restores without anybody asking: a drill a week, and directories that nobody goes back to."""

from datetime import timedelta

from apscheduler.triggers.cron import CronTrigger

from db.control import Operation, RestoreState, operations
from db.repository import BackupManifest
from jobs.refusal import Refusal
from jobs.restores import kinds, requests, runs
from jobs.site import Site
from jobs.worker.schedule import BY, Scheduled

# How long the database that was live before a promotion is kept.
KEPT_FOR = timedelta(days=7)


async def request_drill(site: Site) -> Operation | None:
    """Ask for this week's drill, unless there is nothing to restore, or a restore takes up the place."""
    incarnation = site.incarnation()
    if incarnation is None or not BackupManifest.all(incarnation):
        return None
    if await runs.in_states(site, runs.OPEN):
        return None
    run = await requests.drill(site, by=BY)
    if isinstance(run, Refusal):
        return None
    async with site.control.reading() as session:
        return await operations.by_id(session, run.id)


async def request_tidying(site: Site) -> Operation | None:
    """Ask for directories to be removed that were kept for long enough."""
    now = site.clock()
    old = [
        run.id
        for run in await runs.in_states(site, [RestoreState.PROMOTED])
        if run.kept_directory and run.finished_at and run.finished_at < now - KEPT_FOR
    ]
    if not old:
        return None
    async with site.control.transaction() as session:
        return await operations.request(session, kinds.TIDY, {"runs": old}, by=BY, now=now)


SCHEDULE = (
    Scheduled("restore-drill", CronTrigger(day_of_week="sat", hour=18, timezone="UTC"), request_drill, catch_up=True),
    Scheduled("restore-tidying", CronTrigger(hour=19, timezone="UTC"), request_tidying, catch_up=True),
)
