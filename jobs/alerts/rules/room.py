"""Rules about room on disks."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from db.control import Severity
from jobs.alerts.rule import DATABASE, Reading, Rule
from jobs.alerts.rules.looking import GIB, primary
from jobs.monitoring.interval import Interval

# A large disk is not nearly full with so much left, whatever the percentage; growth of less is nothing to look at.
ENOUGH_BYTES = 10 * GIB
LEAST_GROWTH_BYTES = GIB


def _free(enough: int) -> Callable[[Interval], Iterable[Reading]]:
    def measure(interval: Interval) -> Iterable[Reading]:
        yield from (Reading(path, None) for path in interval.now.missing_disks)
        for disk in interval.now.disks:
            if disk.free_bytes < enough:
                summary = f"{disk.free_bytes / GIB:.1f} of {disk.total_bytes / GIB:.1f} GiB are free for {disk.path}."
                yield Reading(disk.path, 100 * disk.free_bytes / max(1, disk.total_bytes), summary)

    return measure


def _growth(interval: Interval) -> Iterable[Reading] | None:
    then, now = interval.day_before and interval.day_before.primary, primary(interval)
    if then is None or then.statistics is None or now is None:
        return None
    before, after = then.statistics.database_bytes, now.database_bytes
    if after - before < LEAST_GROWTH_BYTES:
        return []
    summary = f"The database grew from {before / GIB:.1f} to {after / GIB:.1f} GiB in about a day."
    return [Reading(DATABASE, 100 * (after - before) / max(1, before), summary)]


DISK_SPACE_CRITICAL = Rule(
    key="disk-space-critical",
    title="A disk is full",
    description="PostgreSQL stops when it cannot write WAL; backups and the archive fail before that.",
    severity=Severity.CRITICAL,
    threshold=3,
    unit="percent free",
    for_=timedelta(0),
    below=True,
    action=(
        "Make room now: logs, kept directories of old restores (`yukyu restore list`), other people's files. Never "
        "remove anything from pg_wal. Then make the disk larger."
    ),
    source="Three percent last minutes under load: a segment of WAL is 16 MiB.",
    measure=_free(ENOUGH_BYTES // 3),
    explains=frozenset({"disk-space-low"}),
)

DISK_SPACE_LOW = Rule(
    key="disk-space-low",
    title="A disk is nearly full",
    description="PostgreSQL stops when it cannot write, and a restore needs room for a second copy.",
    severity=Severity.WARNING,
    threshold=10,
    unit="percent free",
    for_=timedelta(minutes=5),
    below=True,
    action="Make room, make the disk larger, or move the backups to another one with YUKYU_BACKUP_DIR.",
    source="As `yukyu check` judges it: a tenth of the disk, or 10 GiB where that is less.",
    measure=_free(ENOUGH_BYTES),
)

DATABASE_GROWTH = Rule(
    key="database-growth",
    title="The database grows fast",
    description="It is larger than a day before by much; the disk, backups and restore times follow.",
    severity=Severity.WARNING,
    threshold=50,
    unit="percent a day",
    for_=timedelta(0),
    action="`yukyu monitor report` shows the largest tables. Was there an import? Otherwise find what adds so much.",
    source="Leave data grows by a few percent a month; by half in a day it does not, unless it is moved in.",
    measure=_growth,
)

RULES = (DISK_SPACE_CRITICAL, DISK_SPACE_LOW, DATABASE_GROWTH)
