"""Rules about servers that are away."""

from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from jobs.alerts.rule import DATABASE, Reading, Rule
from jobs.monitoring.interval import Interval


def _primary_down(interval: Interval) -> Iterable[Reading]:
    if interval.now.primary is None:
        faults = "; ".join(f"{each.name}: {each.fault or 'it is a standby'}" for each in interval.now.servers)
        yield Reading(DATABASE, 1, f"No server takes writes. {faults}")


PRIMARY_DOWN = Rule(
    key="primary-down",
    title="The primary is down",
    description="No server takes writes: nothing can be saved, and reads come from a replica where there is one.",
    severity=Severity.CRITICAL,
    threshold=0,
    unit="servers",
    for_=timedelta(seconds=15),
    action="Look at the primary's log; the supervisor starts it again by itself where it can. `yukyu check` says more.",
    source="Availability is what users notice first; two ticks let a restart pass unnoticed.",
    measure=_primary_down,
    explains=frozenset({"replica-down", "replication-lag", "replication-slot-inactive", "rpo-exceeded"}),
)
