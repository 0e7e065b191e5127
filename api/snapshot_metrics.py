"""A snapshot as metrics for Prometheus. Labels are names of servers, tables and the like: few, and about nobody."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from db.monitoring.snapshot import Server, Snapshot, Statistics, Table

# The largest; each has a series per metric.
MOST_TABLES: Final = 50

Value = float | int | None
Labelled = tuple[tuple[str, ...], Value]
Measure = Callable[[Statistics], Value]

# Of each server: the metric, what it means, and its value.
GAUGES: Final[Sequence[tuple[str, str, Measure]]] = (
    ("yukyu_server_in_recovery", "Whether a server is a standby now.", lambda each: each.in_recovery),
    ("yukyu_server_start_time_seconds", "When a server started.", lambda each: each.started_at.timestamp()),
    ("yukyu_server_latency_seconds", "Round trip of a trivial statement.", lambda each: each.latency_ms / 1000),
    ("yukyu_database_bytes", "Size of the database.", lambda each: each.database_bytes),
    ("yukyu_connections_maximum", "Client connections that there may be.", lambda each: each.connections.maximum),
    ("yukyu_wal_position_bytes", "Position in the WAL, written or replayed.", lambda each: each.lsn),
    ("yukyu_replica_streaming", "Whether WAL streams in to a standby.", lambda each: each.streaming),
    ("yukyu_replica_lag_seconds", "How old a standby's data are.", lambda each: each.lag_seconds),
    ("yukyu_replica_lag_bytes", "WAL a standby has not replayed yet.", lambda each: each.lag_bytes),
    (
        "yukyu_longest_transaction_seconds",
        "Age of the oldest transaction of a client.",
        lambda each: max((session.transaction_seconds or 0 for session in each.sessions), default=0),
    ),
    (
        "yukyu_sessions_waiting",
        "Client connections that wait for a lock.",
        lambda each: sum(session.lock_wait_seconds is not None for session in each.sessions),
    ),
)

COUNTERS: Final[Sequence[tuple[str, str, Measure]]] = (
    ("yukyu_deadlocks", "Deadlocks.", lambda each: each.counters.deadlocks),
    ("yukyu_temporary_files", "Temporary files of statements.", lambda each: each.counters.temp_files),
    ("yukyu_temporary_bytes", "Bytes in temporary files of statements.", lambda each: each.counters.temp_bytes),
    ("yukyu_wal_archived", "WAL segments archived.", lambda each: each.archiver and each.archiver.archived),
    (
        "yukyu_wal_archive_failures",
        "Failed attempts to archive a segment.",
        lambda each: each.archiver and each.archiver.failed,
    ),
)

SPLIT_COUNTERS: Final[Sequence[tuple[str, str, str, Callable[[Statistics], Mapping[str, int]]]]] = (
    (
        "yukyu_transactions",
        "Transactions, by how they ended.",
        "outcome",
        lambda each: {"committed": each.counters.commits, "rolled_back": each.counters.rollbacks},
    ),
    (
        "yukyu_blocks",
        "Blocks read, by where they were found.",
        "source",
        lambda each: {"memory": each.counters.blocks_hit, "disk": each.counters.blocks_read},
    ),
    (
        "yukyu_checkpoints",
        "Checkpoints, by why.",
        "reason",
        lambda each: (
            {"time": each.checkpoints.timed, "requested": each.checkpoints.requested} if each.checkpoints else {}
        ),
    ),
)


def families(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield all that is known of servers, tables, disks, backups and baselines, and nothing of what is not."""
    yield from _of_servers(snapshot.servers)
    primary = snapshot.primary
    if primary and primary.statistics:
        yield from _of_tables(primary.statistics.tables)
        yield from _of_limits(primary.statistics)
    yield from _of_disks(snapshot)
    yield from _of_backups(snapshot)
    yield from _of_baselines(snapshot)


def _of_servers(servers: Iterable[Server]) -> Iterator[Metric]:
    servers = tuple(servers)
    up = (((each.name, each.role.value.lower()), each.statistics is not None) for each in servers)
    yield _gauge("yukyu_server_up", "Whether a server could be measured.", ("server", "role"), up)
    known = [((each.name,), each.statistics) for each in servers if each.statistics is not None]
    for name, text, value in GAUGES:
        yield _gauge(name, text, ("server",), ((labels, value(each)) for labels, each in known))
    for name, text, value in COUNTERS:
        yield _counter(name, text, ("server",), ((labels, value(each)) for labels, each in known))
    for name, text, label, values in SPLIT_COUNTERS:
        split = (((*labels, key), value) for labels, each in known for key, value in values(each).items())
        yield _counter(name, text, ("server", label), split)
    states = (((*labels, state), count) for labels, each in known for state, count in _connections(each).items())
    yield _gauge("yukyu_connections", "Client connections, by what they do.", ("server", "state"), states)
    slots = [((*labels, slot.name), slot) for labels, each in known for slot in each.slots]
    retained = ((labels, slot.retained_bytes) for labels, slot in slots)
    yield _gauge("yukyu_slot_retained_bytes", "WAL kept for a replication slot.", ("server", "slot"), retained)
    active = ((labels, slot.active) for labels, slot in slots)
    yield _gauge("yukyu_slot_active", "Whether a replication slot is in use.", ("server", "slot"), active)


def _connections(statistics: Statistics) -> dict[str, int]:
    each = statistics.connections
    return {
        "active": each.active,
        "idle": each.idle,
        "idle_in_transaction": each.idle_in_transaction,
        "other": max(0, each.total - each.active - each.idle - each.idle_in_transaction),
    }


def _of_tables(tables: Iterable[Table]) -> Iterator[Metric]:
    largest = sorted(tables, key=lambda table: table.total_bytes, reverse=True)[:MOST_TABLES]
    named = [((table.name,), table) for table in largest]
    rows = (
        ((*labels, state), count)
        for labels, each in named
        for state, count in (("live", each.live_rows), ("dead", each.dead_rows))
    )
    yield _gauge("yukyu_table_rows", "Rows of a table, by estimate.", ("table", "state"), rows)
    sizes = ((labels, each.total_bytes) for labels, each in named)
    yield _gauge("yukyu_table_bytes", "Size of a table, with its indexes.", ("table",), sizes)
    bloat = ((labels, None if each.bloat_percent is None else each.bloat_percent / 100) for labels, each in named)
    yield _gauge("yukyu_table_bloat_ratio", "Share of a table that no live row fills.", ("table",), bloat)
    scans = (
        ((*labels, way), count)
        for labels, each in named
        for way, count in (("sequential", each.sequential_scans), ("index", each.index_scans))
    )
    yield _counter("yukyu_table_scans", "Scans of a table on the primary, by way.", ("table", "way"), scans)


def _of_limits(statistics: Statistics) -> Iterator[Metric]:
    ages = (((each.database,), each.age) for each in statistics.transaction_ages)
    yield _gauge("yukyu_transaction_id_age", "Transaction ids since a database was frozen.", ("database",), ages)
    used = max((each.used_percent / 100 for each in statistics.sequences), default=None)
    yield _gauge("yukyu_sequence_used_ratio", "Share used up of the fullest sequence.", (), [((), used)])
    invalid = sum(not index.is_valid for index in statistics.indexes)
    yield _gauge("yukyu_invalid_indexes", "Indexes that are not used because they are invalid.", (), [((), invalid)])


def _of_disks(snapshot: Snapshot) -> Iterator[Metric]:
    # Where a directory is may have a person's name in it; what it is for has not.
    disks = {PurePath(disk.path).name: disk for disk in snapshot.disks}
    free = (((name,), disk.free_bytes) for name, disk in disks.items())
    yield _gauge("yukyu_disk_free_bytes", "Room left on the disk of a directory.", ("directory",), free)
    size = (((name,), disk.total_bytes) for name, disk in disks.items())
    yield _gauge("yukyu_disk_bytes", "Size of the disk of a directory.", ("directory",), size)


def _of_backups(snapshot: Snapshot) -> Iterator[Metric]:
    found = snapshot.backups
    if found is None:
        return
    for name, text, value in (
        ("yukyu_backup_time_seconds", "When the last backup that counts was taken.", _timestamp(found.last_backup_at)),
        ("yukyu_drill_time_seconds", "When the last restore drill was.", _timestamp(found.last_drill_at)),
        ("yukyu_rpo_seconds", "Work that would be lost with the primary now.", found.rpo_seconds_now),
        ("yukyu_rpo_promised_seconds", "Work that may be lost with it.", found.rpo_seconds),
        ("yukyu_wal_pending_segments", "Completed segments that the archive lacks.", found.pending_segments),
        ("yukyu_wal_gaps", "Gaps in the archive of WAL.", len(found.gaps)),
        ("yukyu_backup_failed", "Whether the last attempt at a backup failed.", found.failed_backup is not None),
    ):
        yield _gauge(name, text, (), [((), value)])


def _of_baselines(snapshot: Snapshot) -> Iterator[Metric]:
    found = snapshot.baselines
    if found is None:
        return
    taken, worse = _timestamp(found.newest_at), None if found.regressions is None else len(found.regressions)
    yield _gauge("yukyu_baseline_time_seconds", "When the newest baseline was taken.", (), [((), taken)])
    yield _gauge("yukyu_baseline_regressions", "Metrics that are worse than in it.", (), [((), worse)])


def _timestamp(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Iterable[Labelled]) -> Metric:
    return _filled(GaugeMetricFamily(name, text, labels=labels), values)


def _counter(name: str, text: str, labels: tuple[str, ...], values: Iterable[Labelled]) -> Metric:
    return _filled(CounterMetricFamily(name, text, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Iterable[Labelled]) -> Metric:
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, float(value))
    return family
