"""Rules about backups and the WAL archive."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from db.control import Severity
from db.monitoring.snapshot import Backups
from jobs.alerts.rule import DATABASE, Measure, Reading, Rule
from jobs.monitoring.interval import Interval

HOUR, DAY, MINUTE = 3600.0, 86400.0, 60.0


def _seen(read: Callable[[Backups, datetime], Iterable[Reading]]) -> Measure:
    """Return what measures backups where anybody looked at them."""

    def measure(interval: Interval) -> Iterable[Reading] | None:
        found = interval.now.backups
        return None if found is None else read(found, interval.now.taken_at)

    return measure


def _age(found: Backups, now: datetime) -> Iterable[Reading]:
    last = found.last_backup_at
    hours = (now - (last or found.first_seen_at)).total_seconds() / HOUR
    summary = (
        f"The last good backup is {hours:.0f} hours old." if last else f"There is no backup since {hours:.0f} hours."
    )
    yield Reading(DATABASE, hours, summary)


def _failed(found: Backups, _: datetime) -> Iterable[Reading]:
    if found.failed_backup is not None:
        yield Reading(DATABASE, 1, f"{found.failed_backup} failed: {found.failed_reason or 'nobody knows why.'}")


def _loss(found: Backups, _: datetime) -> Iterable[Reading]:
    seconds = found.rpo_seconds_now
    percent = None if seconds is None else 100 * seconds / found.rpo_seconds
    summary = f"{seconds or 0:,.0f} s of committed work would be lost now; {found.rpo_seconds:,.0f} s are promised."
    yield Reading(DATABASE, percent, summary)


def _archiving(found: Backups, now: datetime) -> Iterable[Reading]:
    if found.archive_failing_since is not None:
        minutes = (now - found.archive_failing_since).total_seconds() / MINUTE
        summary = f"The server cannot hand WAL to the archive since {found.archive_failing_since:%Y-%m-%d %H:%M} UTC."
        yield Reading(DATABASE, minutes, summary)
    elif not found.archiving_known:
        yield Reading(DATABASE, None)


def _pending(found: Backups, _: datetime) -> Iterable[Reading]:
    yield Reading(DATABASE, found.pending_segments, f"{found.pending_segments} segments of WAL are not archived yet.")


def _gaps(found: Backups, _: datetime) -> Iterable[Reading]:
    for gap in found.gaps:
        yield Reading(gap, 1, f"WAL is missing from the archive: {gap}. Moments after it cannot be restored.")


def _drill(found: Backups, now: datetime) -> Iterable[Reading]:
    last = found.last_drill_at
    days = (now - (last or found.first_seen_at)).total_seconds() / DAY
    summary = f"The last restore was {days:.0f} days ago." if last else f"Nothing was restored in {days:.0f} days."
    yield Reading(DATABASE, days, summary)


BACKUP_TOO_OLD = Rule(
    key="backup-too-old",
    title="The last backup is old",
    description="A restore has to replay all WAL since, and takes longer than is promised.",
    severity=Severity.WARNING,
    threshold=26,
    unit="hours",
    for_=timedelta(0),
    action="`yukyu backup list` says what became of the daily ones. Take one with `yukyu backup create`.",
    source="One is taken every day, and may take two hours.",
    measure=_seen(_age),
)

BACKUP_FAILED = Rule(
    key="backup-failed",
    title="A backup failed",
    description="The one before it is kept, and restores work from that, with more WAL to replay.",
    severity=Severity.WARNING,
    threshold=0,
    unit="backups",
    for_=timedelta(0),
    action="`yukyu backup list` says why. Mend that, and take one with `yukyu backup create`.",
    source="Each is tried again the next day; none should fail.",
    measure=_seen(_failed),
)

RPO_EXCEEDED = Rule(
    key="rpo-exceeded",
    title="More would be lost than is promised",
    description="If the primary's disk were lost now, committed work of more time than promised would be gone.",
    severity=Severity.CRITICAL,
    threshold=100,
    unit="percent of what is promised",
    for_=timedelta(minutes=1),
    action="`yukyu backup status` says what keeps WAL from the archive: the disk it is on, or its receiver.",
    source="YUKYU_RPO_SECONDS.",
    measure=_seen(_loss),
)

WAL_ARCHIVE_FAILING = Rule(
    key="wal-archive-failing",
    title="WAL cannot be archived",
    description="It piles up on the primary's disk until that is full, and what is in it would be lost with that disk.",
    severity=Severity.CRITICAL,
    threshold=2,
    unit="minutes",
    for_=timedelta(0),
    action="See that the backup directory's disk is there, has room and can be written to; the server's log says more.",
    source="PostgreSQL tries again every minute; one failure may be a hiccup.",
    measure=_seen(_archiving),
)

WAL_ARCHIVE_BEHIND = Rule(
    key="wal-archive-behind",
    title="The WAL archive is behind",
    description="Segments wait on the primary's disk; until they are archived they would be lost with it.",
    severity=Severity.WARNING,
    threshold=16,
    unit="segments",
    for_=timedelta(minutes=5),
    action="See whether an import writes faster than the backup disk can; otherwise as for wal-archive-failing.",
    source="256 MiB; the archive keeps up with some 100 MiB a second.",
    measure=_seen(_pending),
)

WAL_GAP = Rule(
    key="wal-gap",
    title="WAL is missing from the archive",
    description="Moments between the gap and the next backup cannot be restored.",
    severity=Severity.CRITICAL,
    threshold=0,
    unit="gaps",
    for_=timedelta(0),
    action="Take a full backup now with `yukyu backup create`: from its end on every moment can be restored again.",
    source="Nothing may be missing between the oldest kept backup and now.",
    measure=_seen(_gaps),
)

RESTORE_DRILL_OVERDUE = Rule(
    key="restore-drill-overdue",
    title="No restore was tried for long",
    description="That backups can be restored, and how fast, is known from the last time that one was.",
    severity=Severity.WARNING,
    threshold=9,
    unit="days",
    for_=timedelta(0),
    action="`yukyu restore list` says what became of the weekly drills. Do one now with `yukyu restore drill`.",
    source="One is done every week, and may be a day or two late.",
    measure=_seen(_drill),
)

RULES = (
    WAL_GAP,
    RPO_EXCEEDED,
    WAL_ARCHIVE_FAILING,
    WAL_ARCHIVE_BEHIND,
    BACKUP_FAILED,
    BACKUP_TOO_OLD,
    RESTORE_DRILL_OVERDUE,
)
