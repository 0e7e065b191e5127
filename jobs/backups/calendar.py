"""When backups are taken without anybody asking: daily, and at once where there is none to rely on."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from db.control import Operation, OperationState, operations
from db.lsn import Lsn
from db.repository import BackupKind, BackupManifest, Incarnation, Segment, marks
from db.repository.inventory import Gap
from jobs.archive import archive_status
from jobs.backups.kinds import BACKUP
from jobs.backups.listing import manifests_of
from jobs.backups.parents import lacks_key, usable
from jobs.backups.requests import INCREMENTAL_SINCE, request
from jobs.refusal import Refusal
from jobs.site import Policy, Site
from jobs.worker.schedule import BY, Scheduled

# A full backup on Sundays, as Python counts the days.
FULL_ON = 6
# How often it is looked whether one is needed out of turn, and how long after a failure that is not tried again.
LOOK = timedelta(minutes=2)
PATIENCE = timedelta(minutes=15)


def schedule(policy: Policy) -> list[Scheduled]:
    daily = CronTrigger(hour=policy.at.hour, minute=policy.at.minute, timezone=UTC)
    return [
        Scheduled("daily-backup", daily, request_daily, catch_up=True),
        Scheduled(
            "backup-out-of-turn",
            IntervalTrigger(seconds=int(LOOK.total_seconds())),
            request_out_of_turn,
            catch_up=False,
            at_first=True,
        ),
    ]


def next_run(policy: Policy, now: datetime) -> datetime:
    """Return when the next daily backup is due."""
    today = now.astimezone(UTC).replace(hour=policy.at.hour, minute=policy.at.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


async def request_daily(site: Site) -> Operation | None:
    """Ask for today's backup."""
    manifests = await asyncio.to_thread(manifests_of, site)
    last = await _last(site)
    failed = last is not None and last.state is OperationState.FAILED
    kind = BackupKind.FULL if failed else kind_of_day(site, manifests, site.clock())
    return _asked(await request(site, kind, by=BY))


def kind_of_day(site: Site, manifests: Sequence[BackupManifest], now: datetime) -> BackupKind:
    """Return what is taken today: a full one each Sunday, and where the last is older than a week or unsuitable."""
    good = usable(manifests)
    if site.installation.binaries.major < INCREMENTAL_SINCE or now.weekday() == FULL_ON or not good:
        return BackupKind.FULL
    incarnation = site.incarnation()
    live = marks.live_timeline_at(incarnation, now) if incarnation else 1
    newest_full = max(each.finished_at for each in manifests if each.kind is BackupKind.FULL)
    fresh = newest_full > now - timedelta(days=7) and good[-1].timeline == live
    return BackupKind.INCREMENTAL if fresh else BackupKind.FULL


async def request_out_of_turn(site: Site) -> Operation | None:
    """Ask for a full backup where there is none that a restore to this moment could begin with."""
    incarnation = site.incarnation()
    if incarnation is None:
        return None
    last = await _last(site)
    if last is not None and _failed_lately(last, site.clock()):
        return None
    archive = await archive_status(site)
    if not await asyncio.to_thread(_needed, site, incarnation, archive.gaps):
        return None
    return _asked(await request(site, BackupKind.FULL, by=BY))


def _failed_lately(last: Operation, now: datetime) -> bool:
    if last.state is not OperationState.FAILED or last.finished_at is None:
        return False
    return now - last.finished_at < PATIENCE


def _needed(site: Site, incarnation: Incarnation, gaps: Sequence[Gap]) -> bool:
    """Return whether no backup that can be read is followed by all the WAL until now, on the timeline that is live."""
    manifests = BackupManifest.all(incarnation)
    good = usable(manifests)
    if (
        not good
        or lacks_key(incarnation, good[-1], manifests)
        or good[-1].timeline != marks.live_timeline_at(incarnation, site.clock())
    ):
        return True
    begins = Segment.of(good[-1].timeline, Lsn.parse(good[-1].start_lsn))
    return any(gap.last.number >= begins.number for gap in gaps)


async def _last(site: Site) -> Operation | None:
    async with site.control.reading() as session:
        return next(iter(await operations.newest(session, [BACKUP], limit=1)), None)


def _asked(answer: Operation | Refusal) -> Operation | None:
    return None if isinstance(answer, Refusal) else answer
