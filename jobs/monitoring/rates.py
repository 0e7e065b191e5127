"""What happened on a server in an interval: by how much its counters grew, and ratios of that.

None where the ends cannot be compared: there is no earlier snapshot, the server restarted or changed its role, or its
counters were reset or went back.
"""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

from db.monitoring.snapshot import (
    Archiver,
    CheckpointCounters,
    DatabaseCounters,
    Server,
    Statement,
    Statistics,
    Table,
)
from jobs.monitoring.interval import Interval

Counters = TypeVar("Counters", DatabaseCounters, CheckpointCounters)


@dataclass(frozen=True, slots=True)
class StatementGrowth:
    """A statement with what its calls in the interval took; `mean_ms` is theirs alone."""

    statement: Statement
    calls: int
    total_ms: float

    @property
    def mean_ms(self) -> float:
        return self.total_ms / self.calls


@dataclass(frozen=True, slots=True)
class TableGrowth:
    """A table with how often it was scanned in the interval, rows read one after the other, and rows written."""

    table: Table
    sequential_scans: int
    sequential_rows: int
    index_scans: int
    rows_written: int


def ends(interval: Interval, server: Server) -> tuple[Statistics, Statistics] | None:
    """Return a server's statistics before and now, where these can be compared."""
    earlier = interval.earlier(server)
    before, now = (earlier.statistics if earlier else None), server.statistics
    if before is None or now is None:
        return None
    same = (before.started_at, before.in_recovery) == (now.started_at, now.in_recovery)
    return (before, now) if same else None


def counters(interval: Interval, server: Server) -> DatabaseCounters | None:
    """Return the database's counters with what they grew by."""
    found = ends(interval, server)
    return _growth(found[0].counters, found[1].counters) if found else None


def checkpoints(interval: Interval, server: Server) -> CheckpointCounters | None:
    """Return how many checkpoints there were."""
    found = ends(interval, server)
    if found is None or found[0].checkpoints is None or found[1].checkpoints is None:
        return None
    return _growth(found[0].checkpoints, found[1].checkpoints)


def archiving_failures(interval: Interval, server: Server) -> int | None:
    """Return how often the server failed to hand over a segment."""
    found = ends(interval, server)
    if found is None:
        return None
    before, now = found[0].archiver, found[1].archiver
    if before is None or now is None or not _same_count(before, now):
        return None
    return now.failed - before.failed


def cache_hit_ratio(grown: DatabaseCounters) -> float | None:
    """Return the share of blocks that were found in memory, 0 to 1; None when none was asked for."""
    return _ratio(grown.blocks_hit, grown.blocks_hit + grown.blocks_read)


def rollback_ratio(grown: DatabaseCounters) -> float | None:
    """Return the share of transactions that were rolled back, 0 to 1; None when there was none."""
    return _ratio(grown.rollbacks, grown.commits + grown.rollbacks)


def forced_ratio(grown: CheckpointCounters) -> float | None:
    """Return the share of checkpoints that did not wait for their time, 0 to 1; None when there was none."""
    return _ratio(grown.requested, grown.timed + grown.requested)


def statements(interval: Interval, server: Server) -> list[StatementGrowth] | None:
    """Return the statements that were called, those that took longest first."""
    found = ends(interval, server)
    before, now = (each.statements for each in found) if found else (None, None)
    if before is None or now is None or before.reset_at != now.reset_at:
        return None
    known = {each.query_id: each for each in before.entries}
    all_known = before.complete and before.evicted == now.evicted
    grown = [_statement(each, known.get(each.query_id), is_new=all_known) for each in now.entries]
    return sorted((each for each in grown if each is not None), key=lambda each: -each.total_ms)


def tables(interval: Interval, server: Server) -> list[TableGrowth] | None:
    """Return what was done to each table that was there before."""
    found = ends(interval, server)
    if found is None or found[0].counters.reset_at != found[1].counters.reset_at:
        return None
    known = {each.name: each for each in found[0].tables}
    grown = [_table(known[each.name], each) for each in found[1].tables if each.name in known]
    return [each for each in grown if each is not None]


def _statement(now: Statement, before: Statement | None, *, is_new: bool) -> StatementGrowth | None:
    """Return None for one that was not called, or of which that cannot be told: it was forgotten meanwhile."""
    if before is None:
        return StatementGrowth(now, now.calls, now.total_ms) if is_new and now.calls else None
    calls, total_ms = now.calls - before.calls, now.total_ms - before.total_ms
    return StatementGrowth(now, calls, total_ms) if calls > 0 and total_ms >= 0 else None


def _table(before: Table, now: Table) -> TableGrowth | None:
    grown = TableGrowth(
        table=now,
        sequential_scans=now.sequential_scans - before.sequential_scans,
        sequential_rows=now.sequential_rows - before.sequential_rows,
        index_scans=now.index_scans - before.index_scans,
        rows_written=now.rows_written - before.rows_written,
    )
    went_back = min(grown.sequential_scans, grown.sequential_rows, grown.index_scans, grown.rows_written) < 0
    return None if went_back else grown


def _growth(before: Counters, now: Counters) -> Counters | None:
    names = [each.name for each in fields(now) if each.name != "reset_at"]
    grown = {name: getattr(now, name) - getattr(before, name) for name in names}
    return replace(now, **grown) if before.reset_at == now.reset_at and min(grown.values()) >= 0 else None


def _same_count(before: Archiver, now: Archiver) -> bool:
    return before.reset_at == now.reset_at and before.failed <= now.failed


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
