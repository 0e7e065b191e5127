"""The statements that cost most, of pg_stat_statements."""

from typing import Final

import asyncpg

from db.monitoring.snapshot import Statement, Statements

# How many by total time, and as many by mean time; how much of a text.
MOST: Final = 50
LONGEST: Final = 4000

INSTALLED: Final = "SELECT to_regclass('pg_stat_statements') IS NOT NULL"

STATE: Final = "SELECT dealloc AS evicted, stats_reset AS reset_at FROM pg_stat_statements_info"

# Only what PostgreSQL replaces the literals of: utility statements keep theirs, which may be about people. A statement
# has an entry for each role that runs it.
COSTLIEST: Final = r"""
    WITH ours AS (
        SELECT queryid::text                                 AS query_id,
               left(min(query), $2::int)                     AS query,
               sum(calls)::bigint                            AS calls,
               sum(total_exec_time)                          AS total_ms,
               sum(total_exec_time) / greatest(sum(calls), 1) AS mean_ms,
               max(max_exec_time)                            AS max_ms,
               sum(rows)::bigint                             AS rows,
               sum(shared_blks_hit)::bigint                  AS blocks_hit,
               sum(shared_blks_read)::bigint                 AS blocks_read
        FROM   pg_stat_statements
        WHERE  dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND    queryid IS NOT NULL
        AND    query ~* '^[\s(]*(select|insert|update|delete|merge|with|values|table)\M'
        GROUP  BY queryid
    ), ranked AS (
        SELECT *,
               row_number() OVER (ORDER BY total_ms DESC, query_id) AS by_total,
               row_number() OVER (ORDER BY mean_ms DESC, query_id)  AS by_mean,
               count(*) OVER ()                                     AS known
        FROM   ours
    )
    SELECT query_id, query, calls, total_ms, mean_ms, max_ms, rows, blocks_hit, blocks_read, known
    FROM   ranked
    WHERE  by_total <= $1 OR by_mean <= $1
    ORDER  BY total_ms DESC, query_id
"""


async def statements(connection: asyncpg.Connection) -> Statements | None:
    """Return the costliest; None where pg_stat_statements is not loaded, or may not be read."""
    if not await connection.fetchval(INSTALLED):
        return None
    try:
        state = await connection.fetchrow(STATE)
        rows = await connection.fetch(COSTLIEST, MOST, LONGEST)
    except (asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError):
        return None
    assert state is not None  # noqa: S101 - the view has one row
    return Statements(
        reset_at=state["reset_at"],
        evicted=state["evicted"],
        complete=not rows or rows[0]["known"] == len(rows),
        entries=tuple(_statement(row) for row in rows),
    )


def _statement(row: asyncpg.Record) -> Statement:
    return Statement(**{name: value for name, value in row.items() if name != "known"})
