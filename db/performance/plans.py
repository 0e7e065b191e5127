"""Plans, made in a transaction that can only read, with time limits, and rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson

LIMITS: Final = """
    SELECT set_config('statement_timeout', '5s', true),
           set_config('lock_timeout', '1s', true),
           set_config('jit', 'off', true)
"""
GENERIC_SINCE: Final = 16

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


async def explain(connection: asyncpg.Connection, sql: str, *, analyze: bool = False, parameters: int = 0) -> Explained:
    """Explain a statement; one with `parameters` whatever their values are, from PostgreSQL 16 on.

    The extended protocol takes one statement, whatever its text hides. Raises what PostgreSQL says.
    """
    options = "FORMAT JSON" + (", ANALYZE" if analyze else "") + (", GENERIC_PLAN" if parameters else "")
    transaction = connection.transaction(readonly=True)
    await transaction.start()
    try:
        await connection.execute(LIMITS)
        values = [None] * parameters  # which the protocol asks for, and nobody looks at
        plan = orjson.loads(await connection.fetchval(f"EXPLAIN ({options}) {sql}", *values) or "")[0]
        pages = await connection.fetch(PAGES, list(relations(plan["Plan"])))
        return Explained(plan, {row["relname"]: row["pages"] for row in pages})
    finally:
        await transaction.rollback()


def relations(node: Plan) -> Iterator[str]:
    """Yield the tables that a node of a plan and those below it read."""
    if "Relation Name" in node:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from relations(child)


async def volatile(connection: asyncpg.Connection, names: list[str]) -> list[str]:
    """Return those of the functions that may have effects, by any of their signatures."""
    return [row["proname"] for row in await connection.fetch(VOLATILE, names)]
