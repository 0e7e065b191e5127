"""Sets indexes aside while many rows come in: built once at the end, they cost a third of being kept up row by row."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import Table

# Indexes that no constraint needs, each with what drops it and what makes it again.
FIND = """
    SELECT format('DROP INDEX %s', i.indexrelid::regclass) AS drop, pg_get_indexdef(i.indexrelid) AS make
    FROM   pg_index i
    JOIN   pg_class c ON c.oid = i.indrelid
    WHERE  c.relnamespace = 'public'::regnamespace
    AND    c.relname = ANY ($1)
    AND    NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    ORDER  BY c.relname, i.indexrelid
"""

# More than the default, which a small office server can spare for a minute.
MEMORY = "SET LOCAL maintenance_work_mem = '256MB'"


# For fewer rows, dropping and making them takes longer than keeping them up.
WORTH_IT_ROWS = 5_000


@asynccontextmanager
async def set_aside(connection: asyncpg.Connection, tables: Sequence[Table], rows: int) -> AsyncGenerator[None]:
    """Drop the tables' indexes and make them again when the block ends, if so many rows a table are worth it.

    It is part of the caller's transaction. Readers of the tables wait until that ends: for tables that are empty.
    """
    if rows < WORTH_IT_ROWS:
        yield
        return
    found = await connection.fetch(FIND, [table.name for table in tables])
    for index in found:
        await connection.execute(index["drop"])
    yield
    await connection.execute(MEMORY)
    for index in found:
        await connection.execute(index["make"])
