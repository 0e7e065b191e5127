"""How well a database file could be restored: to the moments of its backups, and to no other."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from db.repository import BackupManifest
from jobs.archive import ArchiveStatus
from jobs.backups import calendar, problems
from jobs.backups.listing import listing, manifests_of
from jobs.backups.objectives import Objectives
from jobs.backups.status import FINISHED, BackupStatus
from jobs.fallback.site import FileSite
from jobs.health.outcome import HealthStatus
from jobs.worker.leader import is_led

DAY = timedelta(days=1)

NO_MOMENTS = (
    "The database is an SQLite file: it can be put back as it was when a backup was taken, and at no moment in "
    "between. PostgreSQL (YUKYU_DATABASE_URL=postgresql://…) can be restored to any second."
)


async def status(site: FileSite) -> BackupStatus:
    """Put the status together; a file has no archive and no window, so that it is never quite well."""
    now = site.clock()
    backups = await listing(site)
    manifests = await asyncio.to_thread(manifests_of, site)
    good = [each for each in manifests if each.error is None]
    found = [
        *_of_service(site),
        *problems.of_backups(backups, manifests, now),
        NO_MOMENTS,
    ]
    return BackupStatus(
        status=HealthStatus.DEGRADED if good else HealthStatus.DOWN,
        last_backup=next((each for each in backups if each.state in FINISHED), None),
        next_backup_at=calendar.next_run(site.policy, now),
        window=None,
        archive=ArchiveStatus(),
        objectives=Objectives(
            window_days=site.policy.window.days,
            rpo_seconds=site.policy.rpo.total_seconds(),
            rto_seconds=site.policy.rto.total_seconds(),
            window_days_now=(now - good[0].finished_at) / DAY if good else None,
            rpo_seconds_now=_lost(good, now) if good else None,
            rto_seconds_last=None,
            met=False,
        ),
        total_size_bytes=sum(each.size_bytes for each in manifests),
        problems=found,
    )


def _of_service(site: FileSite) -> Iterator[str]:
    if not site.backs_up:
        yield "Backups are switched off, so that nothing newer can be put back: start it with YUKYU_BACKUPS=on."
    elif not is_led(site.installation.states.directory):
        yield "No worker runs, so that nothing is backed up by itself: start `yukyu work`."


def _lost(good: Sequence[BackupManifest], now: datetime) -> float:
    """Return the seconds of work that would be lost with the file: all since the newest backup."""
    return (now - good[-1].started_at).total_seconds()
