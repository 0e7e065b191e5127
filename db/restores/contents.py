"""What a database holds, in numbers: to compare two of them, and to find out what has changed since."""

from dataclasses import dataclass

import asyncpg

CHECKSUMS = "SELECT current_setting('data_checksums') = 'on'"
REVISION = "SELECT version_num FROM alembic_version"
HAS_REVISION = "SELECT to_regclass('alembic_version') IS NOT NULL"
HAS_AMCHECK = "SELECT true FROM pg_extension WHERE extname = 'amcheck'"

# The heartbeat's row is ours, and changes all the time.
TABLES = """
    SELECT c.oid::regclass::text
    FROM   pg_class c
    JOIN   pg_namespace n ON n.oid = c.relnamespace
    WHERE  c.relkind = 'r'
    AND    c.relpersistence = 'p'
    AND    n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND    c.relname <> 'replication_heartbeat'
    ORDER  BY 1
"""

# Tables are named by regclass, which quotes them.
COUNT = "SELECT count(*) FROM {table}"

# Freezing keeps a row's xmin, and `age` compares across the wrap-around.
NEWER_ROWS = "SELECT EXISTS (SELECT FROM {table} WHERE age(xmin) < age($1::text::xid))"

# ANALYZE and VACUUM change these in place, which leaves xmin alone.
NEWER_DEFINITIONS = """
    SELECT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE  n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND    c.relname <> 'replication_heartbeat'
        AND    age(c.xmin) < age($1::text::xid)
    )
"""

XID = "SELECT pg_current_xact_id()::xid::text"


@dataclass(frozen=True)
class Fingerprint:
    """What a database held at a moment: the rows of each table, and a transaction id of then.

    A table that took too long to count is left out.
    """

    xid: str
    rows: dict[str, int]


async def has_checksums(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(CHECKSUMS))


async def has_amcheck(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(HAS_AMCHECK))


async def revision(connection: asyncpg.Connection) -> str | None:
    if not await connection.fetchval(HAS_REVISION):
        return None
    return await connection.fetchval(REVISION)


async def rows(connection: asyncpg.Connection, *, seconds: float) -> dict[str, int]:
    """Count each table's rows, those left out that take longer than `seconds`."""
    found: dict[str, int] = {}
    for table in await _tables(connection):
        try:
            found[table] = await _count(connection, table, seconds)
        except TimeoutError:
            continue
    return found


async def fingerprint(connection: asyncpg.Connection, *, seconds: float) -> Fingerprint:
    """Remember what is there: everything committed from here on is newer. Takes a transaction id."""
    xid = await connection.fetchval(XID)
    return Fingerprint(str(xid), await rows(connection, seconds=seconds))


async def changed_since(connection: asyncpg.Connection, then: Fingerprint, *, seconds: float) -> str | None:
    """Return what has been committed since, in words; None when it is certain that nothing has.

    An insert or update leaves a row with a newer transaction id, a delete or truncate one row less.
    """
    if await connection.fetchval(NEWER_DEFINITIONS, then.xid):
        return "a table or an index has been changed"
    for table in await _tables(connection):
        if table not in then.rows:
            return f"nobody knows how many rows {table} had"
        try:
            if await connection.fetchval(NEWER_ROWS.format(table=table), then.xid, timeout=seconds):
                return f"rows of {table} have been written"
            counted = await _count(connection, table, seconds)
        except TimeoutError:
            return f"{table} is too large to find out"
        if counted != then.rows[table]:
            return f"{table} has {counted:,} rows, and had {then.rows[table]:,}"
    return None


async def _count(connection: asyncpg.Connection, table: str, seconds: float) -> int:
    return int(await connection.fetchval(COUNT.format(table=table), timeout=seconds) or 0)


async def _tables(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(TABLES)]
