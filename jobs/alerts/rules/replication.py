"""Rules about how replicas follow."""

from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from db.monitoring.snapshot import Server, Statistics
from jobs.alerts.rule import Reading, Rule
from jobs.alerts.rules.looking import MIB, each_server
from jobs.monitoring.interval import Interval

AT_RISK = ("unreserved", "lost")


def _not_streaming(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, statistics: Statistics) -> Iterable[Reading]:
        if statistics.streaming is False:
            yield Reading(server.name, 1, f"{server.name} runs and receives no WAL from the primary.")

    return each_server(interval.now.replicas, read)


def _lag(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, statistics: Statistics) -> Iterable[Reading]:
        seconds = statistics.lag_seconds
        behind = "" if statistics.lag_bytes is None else f", {statistics.lag_bytes:,} bytes"
        yield Reading(server.name, seconds, f"{server.name} is {seconds or 0:.0f} s behind the primary{behind}.")

    return each_server(interval.now.replicas, read)


def _inactive_slots(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, statistics: Statistics) -> Iterable[Reading]:
        for slot in statistics.slots:
            if not slot.active:
                kept = (slot.retained_bytes or 0) / MIB
                summary = f"Nobody reads the slot {slot.name} on {server.name}; {kept:,.0f} MiB of WAL are kept for it."
                yield Reading(f"{server.name}: {slot.name}", 1, summary)

    return each_server(interval.now.servers, read)


def _slots_at_risk(interval: Interval) -> Iterable[Reading]:
    def read(server: Server, statistics: Statistics) -> Iterable[Reading]:
        for slot in statistics.slots:
            if slot.wal_status in AT_RISK:
                summary = f"The slot {slot.name} on {server.name} is {slot.wal_status}: WAL that it needs is removed."
                yield Reading(f"{server.name}: {slot.name}", 1, summary)

    return each_server(interval.now.servers, read)


REPLICA_NOT_STREAMING = Rule(
    key="replica-not-streaming",
    title="A replica does not follow",
    description="It answers, and its data stands still; reads that need newer data go to the primary.",
    severity=Severity.WARNING,
    threshold=0,
    unit="servers",
    for_=timedelta(minutes=1),
    action=(
        "Read the end of the replica's log: it says why it cannot connect, or which WAL it misses. Where that is gone, "
        "stop the replica and remove its directory; it is made anew from the primary."
    ),
    source="A receiver that was cut off connects again every 5 s (wal_retrieve_retry_interval).",
    measure=_not_streaming,
    explains=frozenset({"replication-lag"}),
)

REPLICATION_LAG = Rule(
    key="replication-lag",
    title="A replica is behind",
    description="Reads that follow a change wait for it in vain and then go to the primary; others see old data.",
    severity=Severity.WARNING,
    threshold=30,
    unit="seconds",
    for_=timedelta(minutes=1),
    action=(
        "Look for a long query on the replica, which holds replay up, with `yukyu monitor report`; then at its disk "
        "and at the network."
    ),
    source="The heartbeat is written every 5 s, and a replica counts as usable up to 10 s.",
    measure=_lag,
)

REPLICATION_SLOT_INACTIVE = Rule(
    key="replication-slot-inactive",
    title="Nobody reads a replication slot",
    description="The server keeps WAL for whoever it was meant for, until max_slot_wal_keep_size is reached.",
    severity=Severity.WARNING,
    threshold=0,
    unit="slots",
    for_=timedelta(minutes=5),
    action=(
        "See whether the replica or the WAL receiver it is named after runs, and start it. A slot that nobody will "
        "read again is dropped with pg_drop_replication_slot."
    ),
    source="Receivers connect again within seconds, and a replica that is made anew takes minutes.",
    measure=_inactive_slots,
)

REPLICATION_SLOT_LOST = Rule(
    key="replication-slot-lost",
    title="WAL that a slot needs is removed",
    description="Whoever reads the slot cannot go on from where they were: a replica has to be made anew.",
    severity=Severity.CRITICAL,
    threshold=0,
    unit="slots",
    for_=timedelta(0),
    action=(
        "A replica: stop it and remove its directory, it is made anew. The WAL receiver's: see `yukyu backup status` "
        "for a gap, and take a full backup with `yukyu backup create`."
    ),
    source="PostgreSQL manual, pg_replication_slots: wal_status 'unreserved' and 'lost'.",
    measure=_slots_at_risk,
    explains=frozenset({"replication-slot-inactive"}),
)

RULES = (REPLICA_NOT_STREAMING, REPLICATION_LAG, REPLICATION_SLOT_LOST, REPLICATION_SLOT_INACTIVE)
