"""All that the worker does: kinds of operations, what is asked for by the schedule, and what is kept going."""

from collections.abc import Mapping, Sequence

from jobs import archive, backups, restores
from jobs.alerts import sending
from jobs.alerts.evaluation import evaluate
from jobs.baselines import daily
from jobs.baselines.taking import findings
from jobs.fallback import backups as of_file
from jobs.fallback.site import FileSite
from jobs.monitoring import keeping
from jobs.site import Policy, Site
from jobs.worker import loop
from jobs.worker.job import Kind
from jobs.worker.loop import Keeper
from jobs.worker.schedule import Scheduled

KINDS: Sequence[Kind] = (*backups.KINDS, *restores.KINDS, *daily.KINDS)
SCHEDULE: Sequence[Scheduled] = daily.SCHEDULE


async def monitor(site: Site) -> None:
    """Look at everything each tick, compare it with the newest baseline, and let the alert rules judge it."""
    await keeping.keep(site, listeners=[evaluate], baselines=findings)


KEEPERS: Mapping[str, Keeper] = {"monitoring": monitor, "outbox": sending.keep}
KEEPERS_OF_FILE: Mapping[str, Keeper] = {"outbox": sending.keep}
KEEPERS_OF_ARCHIVE: Mapping[str, Keeper] = {"archive": archive.keep}


def schedule(policy: Policy) -> list[Scheduled]:
    """Return the schedule where there is an archive."""
    return [*SCHEDULE, *backups.schedule(policy), *restores.SCHEDULE]


async def work(site: Site) -> None:
    """Be the worker of an installation until cancelled; without an archive no backup is asked for by itself."""
    if isinstance(site, FileSite):
        await loop.work(site, of_file.KINDS, of_file.schedule(site.policy) if site.backs_up else [], KEEPERS_OF_FILE)
    elif site.installation.archive is None:
        await loop.work(site, KINDS, SCHEDULE, KEEPERS)
    else:
        await loop.work(site, KINDS, schedule(site.policy), {**KEEPERS_OF_ARCHIVE, **KEEPERS})
