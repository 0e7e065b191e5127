"""Plans of statements with parameters, whatever the values, on every version of PostgreSQL.

What is prepared is explained: GENERIC_PLAN, from 16 on, looks at values that the extended protocol has to be given.
"""

from typing import Any, Final

import asyncpg
import orjson

GENERIC: Final = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"
NAME: Final = "yukyu_explained"
PARAMETERS: Final = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'yukyu_explained'"


async def plan(connection: asyncpg.Connection, sql: str) -> dict[str, Any]:
    """Return what EXPLAIN says in JSON, planned anew; within a transaction, after which `forget` tidies up."""
    await forget(connection)
    await connection.execute(GENERIC)
    await connection.fetch(f"PREPARE {NAME} AS {sql}")
    count = await connection.fetchval(PARAMETERS) or 0
    arguments = f"({', '.join(['NULL'] * count)})" if count else ""
    return orjson.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {NAME}{arguments}") or "")[0]


async def forget(connection: asyncpg.Connection) -> None:
    """Let go of the prepared statement, which outlives a transaction that was rolled back."""
    if await connection.fetchval(PARAMETERS) is not None:
        await connection.execute(f"DEALLOCATE {NAME}")
