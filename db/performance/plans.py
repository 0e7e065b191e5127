"""Plans, made in a transaction that can only read, with time limits, and rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson

from db.performance import prepared

LIMITS: Final = """
    SELECT set_config('statement_timeout', '5s', true),
           set_config('lock_timeout', '1s', true),
           set_config('jit', 'off', true)
"""

# pg_proc knows a function by several signatures; one that may have effects is enough.
VOLATILE: Final = """
    SELECT DISTINCT proname::text
    FROM   pg_proc
    WHERE  proname = ANY ($1::text[])
    AND    provolatile = 'v'
    ORDER  BY proname
"""

# How large the tables of a plan are now. The transaction that explains has locked them, so that nobody is waited for.
PAGES: Final = """
    SELECT relname::text, pg_relation_size(oid) / current_setting('block_size')::bigint AS pages
    FROM   pg_class
    WHERE  relname = ANY ($1::text[])
    AND    relkind IN ('r', 'm')
    AND    pg_table_is_visible(oid)
"""

Plan = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """What EXPLAIN says in JSON, and how many pages the plan's tables have now, by their bare names."""

    plan: Plan
    pages: dict[str, int]


async def explain(
    connection: asyncpg.Connection, sql: str, *, analyze: bool = False, has_parameters: bool = False
) -> Explained:
    """Explain a statement, and run it to `analyze` it; one that `has_parameters` whatever their values, and without.

    The extended protocol takes one statement, whatever its text hides. Raises what PostgreSQL says.
    """
    transaction = connection.transaction(readonly=True)
    await transaction.start()
    try:
        await connection.execute(LIMITS)
        plan = await (prepared.plan(connection, sql) if has_parameters else _plan(connection, sql, analyze=analyze))
        pages = await connection.fetch(PAGES, list(relations(plan["Plan"])))
        return Explained(plan, {row["relname"]: row["pages"] for row in pages})
    finally:
        await transaction.rollback()
        if has_parameters:
            await prepared.forget(connection)


async def _plan(connection: asyncpg.Connection, sql: str, *, analyze: bool) -> Plan:
    options = "FORMAT JSON, ANALYZE" if analyze else "FORMAT JSON"
    return orjson.loads(await connection.fetchval(f"EXPLAIN ({options}) {sql}") or "")[0]


def relations(node: Plan) -> Iterator[str]:
    """Yield the tables that a node of a plan and those below it read."""
    if "Relation Name" in node:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from relations(child)


async def volatile(connection: asyncpg.Connection, names: list[str]) -> list[str]:
    """Return those of the functions that may have effects, by any of their signatures."""
    return [row["proname"] for row in await connection.fetch(VOLATILE, names)]
