"""Suggests indexes, from what slow statements compare and sort by."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg
import structlog

from db.engines import Engines
from db.monitoring.snapshot import Statement
from db.performance import catalog, hypothetical
from db.performance.catalog import TableFacts
from jobs.performance.predicates import index_on, wanted_by

log = structlog.get_logger(__name__)

# Statements of whose calls each takes so long on average are looked at, so many of them.
SLOW_MS: Final = 10.0
LOOKED_AT: Final = 30
MOST: Final = 5

# A smaller table is read as a whole in a moment.
LARGE_ROWS: Final = 10_000
# An index that saves less than this share is not worth its writes.
WORTH: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An index that would help, for what; costs as the planner expects them, where HypoPG is there to try it."""

    table: str
    columns: tuple[str, ...]
    statement: str
    reason: str
    query: str
    cost_before: float | None = None
    cost_after: float | None = None


async def suggest(engines: Engines, statements: Sequence[Statement]) -> list[Suggestion]:
    """Return at most five, those for which most time is spent first.

    Raises:
        DatabaseUnavailableError: no server answers.
    """
    slow = sorted((each for each in statements if each.mean_ms >= SLOW_MS), key=lambda each: -each.total_ms)

    async def work(connection: asyncpg.Connection) -> list[Suggestion]:
        tables = await catalog.tables(connection)
        found = await asyncio.to_thread(suggestions, slow[:LOOKED_AT], tables)
        if not await hypothetical.available(connection):
            return found[:MOST]
        tried = [await _tried(connection, each) for each in found[: 2 * MOST]]
        return [each for each in tried if _is_worth_it(each)][:MOST]

    return (await engines.read(work)).value


def suggestions(statements: Iterable[Statement], tables: Mapping[str, TableFacts]) -> list[Suggestion]:
    """Return what statements want, and no index gives; each index once."""
    found: dict[tuple[str, tuple[str, ...]], Suggestion] = {}
    for statement in statements:
        for wanted in wanted_by(statement.query, tables):
            key = (wanted.table.name, wanted.columns)
            if wanted.table.rows >= LARGE_ROWS and not wanted.is_served and key not in found:
                found[key] = Suggestion(
                    table=wanted.table.name,
                    columns=wanted.columns,
                    statement=index_on(wanted.table, wanted.columns),
                    reason=_reason(statement, wanted.table),
                    query=statement.query,
                )
    return list(found.values())


def _reason(statement: Statement, table: TableFacts) -> str:
    return (
        f"Query {statement.query_id} takes {statement.mean_ms:,.1f} ms on average and was called {statement.calls:,} "
        f"times; of {table.rows:,} rows of {table.name} it wants few, and no index begins with what it compares."
    )


async def _tried(connection: asyncpg.Connection, suggestion: Suggestion) -> Suggestion:
    index = suggestion.statement.replace(" CONCURRENTLY", "")
    costs = await hypothetical.costs(connection, suggestion.query, index)
    return replace(suggestion, cost_before=costs[0], cost_after=costs[1]) if costs else suggestion


def _is_worth_it(suggestion: Suggestion) -> bool:
    """Return whether the planner would use it to advantage, or that could not be tried."""
    if suggestion.cost_before is None or suggestion.cost_after is None:
        return True
    return suggestion.cost_after < suggestion.cost_before * (1 - WORTH)
