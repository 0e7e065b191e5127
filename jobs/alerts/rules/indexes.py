"""Rules about indexes that are missing, and about those that are of no use."""

from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from db.monitoring.snapshot import Index, Statistics
from jobs.alerts.rule import Reading, Rule
from jobs.alerts.rules.looking import MIB, primary
from jobs.monitoring import rates
from jobs.monitoring.interval import Interval

# Reading a smaller table from end to end is as quick as an index.
LEAST_ROWS = 10_000
LEAST_SCANS = 3


def _indexes(interval: Interval) -> tuple[Index, ...] | None:
    found = primary(interval)
    return None if found is None or found.surveyed_at is None else found.indexes


def _unused(interval: Interval) -> Iterable[Reading] | None:
    """Measure indexes that no server has scanned; one that is away may have."""
    servers = [each.statistics for each in interval.now.servers]
    known: list[Statistics] = [each for each in servers if each is not None and each.surveyed_at is not None]
    indexes = _indexes(interval)
    if indexes is None or len(known) < len(servers):
        return None
    scanned = {index.name for each in known for index in each.indexes if index.scans}
    return [
        Reading(index.name, index.size_bytes / MIB, f"No query has used {index.name} on {index.table}.")
        for index in indexes
        if index.name not in scanned and not index.constraint and not index.is_unique and index.is_valid
    ]


def _missing(interval: Interval) -> Iterable[Reading] | None:
    readings: list[Reading] = []
    for server in interval.now.servers:
        grown = rates.tables(interval, server)
        if grown is None or not interval.seconds:
            readings.append(Reading(server.name, None))
            continue
        for each in grown:
            if each.table.live_rows >= LEAST_ROWS and each.sequential_scans >= LEAST_SCANS:
                summary = (
                    f"{each.table.name} was read from end to end {each.sequential_scans} times on {server.name}, "
                    f"{each.sequential_rows:,} rows in {interval.seconds:.0f} s."
                )
                rate = each.sequential_rows / interval.seconds
                readings.append(Reading(f"{server.name}: {each.table.name}", rate, summary))
    return readings


def _duplicates(interval: Interval) -> Iterable[Reading] | None:
    indexes = _indexes(interval)
    return None if indexes is None else [
        Reading(each.name, 1, f"{each.name} on {each.table} is the same as {each.duplicate_of}.")
        for each in indexes
        if each.duplicate_of is not None
    ]  # fmt: skip


def _invalid(interval: Interval) -> Iterable[Reading] | None:
    indexes = _indexes(interval)
    return None if indexes is None else [
        Reading(each.name, 1, f"{each.name} on {each.table} is written to, and no query uses it.")
        for each in indexes
        if not each.is_valid
    ]  # fmt: skip


MISSING_INDEX = Rule(
    key="missing-index",
    title="A large table is read from end to end",
    description="Statements look at all its rows to find a few, again and again; each time costs as much.",
    severity=Severity.WARNING,
    threshold=50_000,
    unit="rows per second",
    for_=timedelta(minutes=10),
    action="`yukyu monitor suggest` names the statements and tries an index for them.",
    source="A core reads about a million rows a second: at this rate scans take a twentieth of one.",
    measure=_missing,
)

UNUSED_INDEX = Rule(
    key="unused-index",
    title="An index is not used",
    description="Every change of its table writes it too, and it takes room in memory and in backups.",
    severity=Severity.INFO,
    threshold=10,
    unit="MiB",
    for_=timedelta(days=7),
    action="Ask whether a monthly job needs it; if not, drop it in a migration with DROP INDEX CONCURRENTLY.",
    source="A week sees every weekly job; smaller indexes cost next to nothing.",
    measure=_unused,
)

DUPLICATE_INDEX = Rule(
    key="duplicate-index",
    title="Two indexes are the same",
    description="Both are written to with every change, and one would do.",
    severity=Severity.INFO,
    threshold=0,
    unit="indexes",
    for_=timedelta(hours=1),
    action="Drop it in a migration with DROP INDEX CONCURRENTLY; the other one stays.",
    source="Their definitions are compared: columns, order, operators and condition.",
    measure=_duplicates,
)

INVALID_INDEX = Rule(
    key="invalid-index",
    title="An index is invalid",
    description="CREATE INDEX CONCURRENTLY did not come to its end: it costs writes, and helps nobody.",
    severity=Severity.WARNING,
    threshold=0,
    unit="indexes",
    for_=timedelta(hours=1),
    action="REINDEX INDEX CONCURRENTLY it, or drop it and create it again.",
    source="While one is being built it is invalid too; that takes less than an hour here.",
    measure=_invalid,
)

RULES = (MISSING_INDEX, UNUSED_INDEX, DUPLICATE_INDEX, INVALID_INDEX)
