"""Rules about tables: what of them is dead, and what runs out."""

from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from jobs.alerts.rule import Reading, Rule
from jobs.alerts.rules.looking import MIB, primary
from jobs.monitoring.interval import Interval

# Of smaller tables it does not matter.
LEAST_BYTES = 16 * MIB
LEAST_DEAD_ROWS = 10_000


def _bloat(interval: Interval) -> Iterable[Reading] | None:
    found = primary(interval)
    return None if found is None or found.surveyed_at is None else [
        Reading(
            each.name,
            each.bloat_percent,
            f"{each.bloat_percent or 0:.0f}% of {each.name}'s {each.table_bytes / MIB:,.0f} MiB is not filled by rows"
            f"{', by estimate' if each.bloat_is_estimate else ''}.",
        )
        for each in found.tables
        if each.table_bytes >= LEAST_BYTES
    ]  # fmt: skip


def _dead_rows(interval: Interval) -> Iterable[Reading] | None:
    found = primary(interval)
    return None if found is None else [
        Reading(
            each.name,
            100 * each.dead_rows / (each.live_rows + each.dead_rows),
            f"{each.dead_rows:,} rows of {each.name} are dead, beside {each.live_rows:,} that live.",
        )
        for each in found.tables
        if each.dead_rows >= LEAST_DEAD_ROWS
    ]  # fmt: skip


def _ages(interval: Interval) -> Iterable[Reading] | None:
    found = primary(interval)
    return None if found is None or found.surveyed_at is None else [
        Reading(each.database, each.age, f"The oldest transaction id in {each.database} is {each.age:,} ids old.")
        for each in found.transaction_ages
    ]  # fmt: skip


def _sequences(interval: Interval) -> Iterable[Reading] | None:
    found = primary(interval)
    return None if found is None or found.surveyed_at is None else [
        Reading(each.name, each.used_percent, f"{each.used_percent:.0f}% of the numbers of {each.name} are given out.")
        for each in found.sequences
    ]  # fmt: skip


TABLE_BLOAT = Rule(
    key="table-bloat",
    title="A table is bloated",
    description="Much of it is empty or dead; scans read more than they need, and so do backups.",
    severity=Severity.WARNING,
    threshold=50,
    unit="percent",
    for_=timedelta(minutes=30),
    action="VACUUM it; what that does not give back, VACUUM FULL does, with the table locked: in a maintenance window.",
    source="A half-empty table is read twice as slowly; autovacuum keeps tables below that.",
    measure=_bloat,
)

TABLE_BLOAT_CRITICAL = Rule(
    key="table-bloat-critical",
    title="A table is mostly empty",
    description="It takes several times the room and the reading that its rows do.",
    severity=Severity.CRITICAL,
    threshold=80,
    unit="percent",
    for_=timedelta(minutes=30),
    action=(
        "See what keeps VACUUM back: a long transaction, an unread slot, autovacuum turned off. Then VACUUM FULL in a "
        "maintenance window."
    ),
    source="At 80 percent the table is five times as large as it has to be.",
    measure=_bloat,
    explains=frozenset({"table-bloat"}),
)

DEAD_ROWS = Rule(
    key="dead-rows",
    title="A table has many dead rows",
    description="VACUUM has not come, or cannot remove what a transaction may still see.",
    severity=Severity.WARNING,
    threshold=30,
    unit="percent",
    for_=timedelta(minutes=30),
    action="End what is long or idle in a transaction, then VACUUM the table. Is autovacuum on?",
    source="Autovacuum comes at 20 percent of the rows; with 30 for half an hour it did not.",
    measure=_dead_rows,
)

XID_AGE = Rule(
    key="xid-age",
    title="Transaction ids are running out",
    description="At two thousand million PostgreSQL takes no more writes, to keep from losing data.",
    severity=Severity.CRITICAL,
    threshold=1_500_000_000,
    unit="transactions",
    for_=timedelta(minutes=5),
    action=(
        "Find what holds the oldest transaction back (a long or prepared transaction, an unread slot), end it, then "
        "VACUUM (FREEZE) the tables with the oldest relfrozenxid."
    ),
    source="PostgreSQL manual, 'Preventing Transaction ID Wraparound Failures'.",
    measure=_ages,
)

SEQUENCE_EXHAUSTION = Rule(
    key="sequence-exhaustion",
    title="A sequence is running out of numbers",
    description="When it has none left, nothing can be added to its table.",
    severity=Severity.WARNING,
    threshold=80,
    unit="percent",
    for_=timedelta(0),
    action="Let the column and its sequence be bigint, in a migration.",
    source="The last fifth leaves time for a migration.",
    measure=_sequences,
)

RULES = (TABLE_BLOAT_CRITICAL, TABLE_BLOAT, DEAD_ROWS, XID_AGE, SEQUENCE_EXHAUSTION)
