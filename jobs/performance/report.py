"""How the database does: from the newest snapshot, or measured now where nobody keeps any."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from db.control import snapshots
from db.errors import AppError, NotFoundError
from db.monitoring.snapshot import Index, Snapshot, Statement, Statistics, Table
from jobs.monitoring import rates
from jobs.monitoring.interval import Interval
from jobs.monitoring.servers import Servers, Target
from jobs.site import Site
from jobs.site import now as utc_now

FRESH: Final = timedelta(minutes=1)
LIVE_SECONDS: Final = 8.0


class StatementsUnavailableError(AppError):
    """No server counts its statements."""

    code = NotFoundError.code

    def __init__(self) -> None:
        super().__init__(
            "Slow queries are unknown: on no server that answers is pg_stat_statements loaded, and may be read.",
            hint="Put pg_stat_statements into shared_preload_libraries, restart, and CREATE EXTENSION "
            "pg_stat_statements; the role needs pg_read_all_stats.",
        )


@dataclass(frozen=True, slots=True)
class SlowQuery:
    """A statement over all servers; `cache_hit_ratio` 0 to 1, None where it read nothing."""

    statement: Statement
    cache_hit_ratio: float | None


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table as the primary has it, with the scans of all servers."""

    table: Table
    sequential_scans: int
    index_scans: int


@dataclass(frozen=True, slots=True)
class IndexUse:
    """An index with the scans of all servers; `unused` when no server ever scanned it and nothing else needs it."""

    index: Index
    scans: int
    unused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`unavailable` says in words what could not be measured; `statements` is None where nobody counts them."""

    taken_at: datetime
    since: datetime | None
    cache_hit_ratio: float | None
    statements: Sequence[Statement] | None
    tables: Sequence[TableUse]
    indexes: Sequence[IndexUse]
    unavailable: Sequence[str]

    def counted(self) -> Sequence[Statement]:
        """Return the statements.

        Raises:
            StatementsUnavailableError: nobody counts them.
        """
        if self.statements is None:
            raise StatementsUnavailableError
        return self.statements

    def slow_queries(self, *, threshold_ms: float, first: int) -> list[SlowQuery]:
        """Return the statements that take longer on average, slowest first; raises what `counted` does."""
        slow = sorted((each for each in self.counted() if each.mean_ms > threshold_ms), key=lambda each: -each.mean_ms)
        return [SlowQuery(each, _ratio(each)) for each in slow[:first]]


async def report(targets: Sequence[Target], site: Site | None) -> Report:
    """Return how the servers do; `site` is whose snapshots are kept, where somebody keeps any."""
    kept = await _kept(site) if site else None
    interval = kept or Interval(now=await _live(targets))
    return _report(interval)


async def _kept(site: Site) -> Interval | None:
    """Return the newest snapshot and the one before it; None when they are too old: no worker runs."""
    async with site.control.reading() as session:
        newest = await snapshots.newest(session)
        if newest is None or newest.taken_at < site.clock() - max(FRESH, 3 * site.monitoring.interval):
            return None
        before = await snapshots.newest(session, until=newest.taken_at - timedelta(microseconds=1))
    return Interval(now=newest, before=before)


async def _live(targets: Sequence[Target]) -> Snapshot:
    servers, taken_at = Servers(utc_now), utc_now()
    try:
        until = asyncio.get_running_loop().time() + LIVE_SECONDS
        found = await servers.read(targets, now=taken_at, until=until)
    finally:
        servers.close()
    return Snapshot(taken_at=taken_at, servers=found, pools=(), disks=(), backups=None, baselines=None)


def _report(interval: Interval) -> Report:
    now = interval.now
    first = now.primary or next((each for each in now.servers if each.statistics), None)
    known = [each.statistics for each in now.servers if each.statistics is not None]
    grown = rates.counters(interval, first) if first else None
    leader = first.statistics if first else None
    complete = len(known) == len(now.servers)
    return Report(
        taken_at=now.taken_at,
        since=leader.counters.reset_at if leader else None,
        cache_hit_ratio=rates.cache_hit_ratio(grown) if grown else None,
        statements=_statements(known),
        tables=_tables(leader, known) if leader else (),
        indexes=_indexes(leader, known, complete=complete) if leader else (),
        unavailable=tuple(_unavailable(now)),
    )


def _statements(servers: Iterable[Statistics]) -> list[Statement] | None:
    """Return the statements of all servers: a replica names them as its primary does."""
    counted = [each.statements for each in servers if each.statements is not None]
    merged: dict[str, Statement] = {}
    for statement in (each for found in counted for each in found.entries):
        other = merged.get(statement.query_id)
        merged[statement.query_id] = _sum(statement, other) if other else statement
    return list(merged.values()) if counted else None


def _sum(one: Statement, other: Statement) -> Statement:
    calls, total_ms = one.calls + other.calls, one.total_ms + other.total_ms
    return replace(
        one,
        calls=calls,
        total_ms=total_ms,
        mean_ms=total_ms / max(1, calls),
        max_ms=max(one.max_ms, other.max_ms),
        rows=one.rows + other.rows,
        blocks_hit=one.blocks_hit + other.blocks_hit,
        blocks_read=one.blocks_read + other.blocks_read,
    )


def _ratio(statement: Statement) -> float | None:
    blocks = statement.blocks_hit + statement.blocks_read
    return statement.blocks_hit / blocks if blocks else None


def _tables(leader: Statistics, servers: Iterable[Statistics]) -> list[TableUse]:
    sequential: dict[str, int] = defaultdict(int)
    by_index: dict[str, int] = defaultdict(int)
    for table in (table for each in servers for table in each.tables):
        sequential[table.name] += table.sequential_scans
        by_index[table.name] += table.index_scans
    return [TableUse(table, sequential[table.name], by_index[table.name]) for table in leader.tables]


def _indexes(leader: Statistics, servers: Sequence[Statistics], *, complete: bool) -> list[IndexUse]:
    """Return the indexes; where a server could not be asked, none is called unused."""
    scans: dict[str, int] = defaultdict(int)
    for index in (index for each in servers for index in each.indexes):
        scans[index.name] += index.scans
    complete = complete and all(each.surveyed_at is not None for each in servers)
    return [
        IndexUse(
            index,
            scans[index.name],
            unused=complete and not (scans[index.name] or index.constraint or index.is_unique),
        )
        for index in leader.indexes
    ]


def _unavailable(now: Snapshot) -> Iterable[str]:
    for server in now.servers:
        if server.statistics is None:
            yield f"{server.name} could not be measured: {server.fault}"
            continue
        if server.statistics.statements is None:
            yield f"Slow queries of {server.name}: pg_stat_statements is not loaded there, or may not be read."
        if server.statistics.surveyed_at is None:
            yield f"Indexes and bloat of {server.name} are not measured yet."
    if now.primary is None:
        yield "There is no primary now: rows, dead rows and bloat are known there alone."
