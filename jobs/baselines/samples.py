"""Takes snapshots apart into samples: of each metric, what it was at each of them or between two."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Final

from db.monitoring.snapshot import Server, Snapshot, Statistics
from jobs.monitoring import rates
from jobs.monitoring.interval import Interval

# Two snapshots further apart say nothing about the time between: monitoring was off.
FURTHEST: Final = timedelta(minutes=5)


@dataclass(slots=True)
class Samples:
    """Values by metric, and the texts of statements by their metrics."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, name: str, value: float | None) -> None:
        if value is not None:
            self.values[name].append(value)


def sampled(snapshots: Sequence[Snapshot]) -> Samples:
    """Take snapshots apart, oldest first."""
    samples = Samples()
    for snapshot in snapshots:
        _add_state(samples, snapshot)
    for before, now in pairwise(snapshots):
        if timedelta(0) < now.taken_at - before.taken_at <= FURTHEST:
            _add_growth(samples, Interval(now, before))
    return samples


def _add_state(samples: Samples, snapshot: Snapshot) -> None:
    replicas = list(_measured(snapshot.replicas))
    samples.add("replica-latency", _most(each.latency_ms for each in replicas))
    samples.add("replica-lag", _most(each.lag_seconds for each in replicas))
    samples.add("replica-lag-bytes", _most(each.lag_bytes for each in replicas))
    if connections := [each.connections.total for each in _measured(snapshot.servers)]:
        samples.add("connections", sum(connections))
    for primary in _measured([snapshot.primary] if snapshot.primary else []):
        samples.add("primary-latency", primary.latency_ms)
        samples.add("database-bytes", primary.database_bytes)
        for table in primary.tables:
            samples.add(f"table-bytes {table.name}", table.total_bytes)


def _add_growth(samples: Samples, interval: Interval) -> None:
    """Add what was done between two snapshots, by all servers together."""
    seconds = interval.seconds or 1.0
    grown = [each for server in interval.now.servers if (each := rates.counters(interval, server))]
    if grown:
        hit, read = sum(each.blocks_hit for each in grown), sum(each.blocks_read for each in grown)
        committed, rolled_back = sum(each.commits for each in grown), sum(each.rollbacks for each in grown)
        samples.add("cache-hit-ratio", _share(hit, hit + read))
        samples.add("rollback-ratio", _share(rolled_back, committed + rolled_back))
        samples.add("transactions-per-second", committed / seconds)
        samples.add("temporary-bytes-per-second", sum(each.temp_bytes for each in grown) / seconds)
    _add_statements(samples, interval)


def _add_statements(samples: Samples, interval: Interval) -> None:
    calls: dict[str, int] = defaultdict(int)
    total_ms: dict[str, float] = defaultdict(float)
    for server in interval.now.servers:
        for each in rates.statements(interval, server) or ():
            name = f"statement-time {each.statement.query_id}"
            calls[name] += each.calls
            total_ms[name] += each.total_ms
            samples.texts[name] = each.statement.query
    for name, count in calls.items():
        samples.add(name, total_ms[name] / count)


def _measured(servers: Iterable[Server]) -> Iterator[Statistics]:
    return (each.statistics for each in servers if each.statistics is not None)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
