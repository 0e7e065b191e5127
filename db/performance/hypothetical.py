"""Tries an index out without making it, by HypoPG: what would the planner expect of it?"""

from contextlib import suppress
from typing import Final

import asyncpg

from db.performance import prepared

INSTALLED: Final = "SELECT to_regproc('hypopg_create_index') IS NOT NULL"
CREATE: Final = "SELECT indexrelid FROM hypopg_create_index($1)"
RESET: Final = "SELECT hypopg_reset()"


async def available(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(INSTALLED))


async def costs(connection: asyncpg.Connection, query: str, index: str) -> tuple[float, float] | None:
    """Return what the planner expects a statement to cost, without an index and with it; None if it cannot be told.

    `query` is a single SELECT with parameters, as pg_stat_statements has it; `index` a CREATE INDEX statement.
    """
    transaction = connection.transaction(readonly=True)
    await transaction.start()
    try:
        before = await _cost(connection, query)
        await connection.fetchval(CREATE, index)
        return before, await _cost(connection, query)
    except asyncpg.PostgresError:
        return None
    finally:
        await transaction.rollback()
        await prepared.forget(connection)
        with suppress(asyncpg.UndefinedFunctionError):  # it was dropped meanwhile, and nothing is left of it
            await connection.execute(RESET)


async def _cost(connection: asyncpg.Connection, query: str) -> float:
    return float((await prepared.plan(connection, query))["Plan"]["Total Cost"])
