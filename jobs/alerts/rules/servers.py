"""Rules about servers that are away, or too many."""

from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from jobs.alerts.rule import DATABASE, Reading, Rule
from jobs.monitoring.interval import Interval


def _primary_down(interval: Interval) -> Iterable[Reading] | None:
    servers = interval.now.servers
    if not servers:
        return None
    if interval.now.primary is not None:
        return []
    faults = "; ".join(f"{each.name}: {each.fault or 'it is a standby'}" for each in servers)
    return [Reading(DATABASE, 1, f"No server takes writes. {faults}")]


def _several_primaries(interval: Interval) -> Iterable[Reading]:
    writable = [each.name for each in interval.now.servers if each.statistics and not each.statistics.in_recovery]
    yield Reading(DATABASE, len(writable), f"Servers that take writes: {', '.join(writable)}.")


def _replica_down(interval: Interval) -> Iterable[Reading]:
    for each in interval.now.replicas:
        if each.statistics is None:
            yield Reading(each.name, 1, f"{each.name} does not answer: {each.fault}")


PRIMARY_DOWN = Rule(
    key="primary-down",
    title="The primary is down",
    description="No server takes writes: nothing can be saved, and reads come from a replica where there is one.",
    severity=Severity.CRITICAL,
    threshold=0,
    unit="servers",
    for_=timedelta(seconds=15),
    action=(
        "`yukyu check` says how every server is. Read the end of the primary's log in the data directory's logs; its "
        "supervisor starts it again by itself where it can. Where its data is lost: docs/runbooks.md."
    ),
    source="Availability is what users notice first; two ticks let a restart pass unnoticed.",
    measure=_primary_down,
    explains=frozenset(
        {
            "replica-down",
            "replica-not-streaming",
            "replication-lag",
            "replication-slot-inactive",
            "rpo-exceeded",
            "wal-archive-failing",
            "wal-archive-behind",
            "backup-failed",
            "pool-exhausted",
        }
    ),
)

SEVERAL_PRIMARIES = Rule(
    key="several-primaries",
    title="Several servers take writes",
    description="Two databases go apart: what is saved in one is missing in the other, and cannot be merged.",
    severity=Severity.CRITICAL,
    threshold=1,
    unit="servers",
    for_=timedelta(seconds=30),
    action=(
        "Stop the API at once. Find which server the desired state calls the primary (`yukyu check`), stop the other, "
        "and let it be made anew as a replica."
    ),
    source="There is one primary; a promotion that exchanges them takes less than the time it has to hold.",
    measure=_several_primaries,
)

REPLICA_DOWN = Rule(
    key="replica-down",
    title="A replica is down",
    description="All reads fall to the primary, and there is one copy less of the data.",
    severity=Severity.WARNING,
    threshold=0,
    unit="servers",
    for_=timedelta(minutes=1),
    action="Read the end of its log in the data directory's logs. Its supervisor starts it again, or makes it anew.",
    source="A restart takes a few seconds, a pg_rewind less than a minute.",
    measure=_replica_down,
    explains=frozenset({"replica-not-streaming", "replication-lag", "replication-slot-inactive"}),
)

RULES = (PRIMARY_DOWN, SEVERAL_PRIMARIES, REPLICA_DOWN)
