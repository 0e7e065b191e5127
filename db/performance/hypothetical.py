"""Tries an index out without making it, by HypoPG: what would the planner expect of it?"""

from typing import Any, Final

import asyncpg
import orjson

INSTALLED: Final = "SELECT to_regproc('hypopg_create_index') IS NOT NULL"
CREATE: Final = "SELECT indexrelid FROM hypopg_create_index($1)"
RESET: Final = "SELECT hypopg_reset()"

# A plan that no parameter's value was looked at for, on every version of PostgreSQL.
GENERIC: Final = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"
NAME: Final = "yukyu_suggestion"
PARAMETERS: Final = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'yukyu_suggestion'"


async def available(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(INSTALLED))


async def costs(connection: asyncpg.Connection, query: str, index: str) -> tuple[float, float] | None:
    """Return what the planner expects a statement to cost, without an index and with it; None if it cannot be told.

    `query` is a single SELECT with parameters, as pg_stat_statements has it; `index` a CREATE INDEX statement.
    """
    transaction = connection.transaction(readonly=True)
    await transaction.start()
    try:
        await connection.execute(GENERIC)
        before = await _cost(connection, query)
        await connection.fetchval(CREATE, index)
        return before, await _cost(connection, query)
    except asyncpg.PostgresError:
        return None
    finally:
        await transaction.rollback()
        await _forget(connection)
        await connection.execute(RESET)


async def _cost(connection: asyncpg.Connection, query: str) -> float:
    """Return a statement's cost, planned anew: a plan that is kept knows nothing of an index made since."""
    await _forget(connection)
    await connection.fetch(f"PREPARE {NAME} AS {query}")
    count = await connection.fetchval(PARAMETERS) or 0
    arguments = f"({', '.join(['NULL'] * count)})" if count else ""
    plan: Any = orjson.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {NAME}{arguments}") or "")
    return float(plan[0]["Plan"]["Total Cost"])


async def _forget(connection: asyncpg.Connection) -> None:
    """Let go of the prepared statement, which outlives a transaction that was rolled back."""
    if await connection.fetchval(PARAMETERS) is not None:
        await connection.execute(f"DEALLOCATE {NAME}")
