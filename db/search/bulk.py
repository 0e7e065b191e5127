"""Loads many rows at once: an index built over all rows costs a tenth of one kept up row by row."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from db.search.registry import SEARCHABLES

# What search added: the index over newest rows, and those over the generated columns.
INDEXES = """
    SELECT   indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM     pg_index
    WHERE    indrelid = ANY ($1::text[]::regclass[])
      AND    NOT indisunique
      AND    indexrelid::regclass::text ~ '_(search_[a-z_]+|last_updated)$'
    ORDER BY 1
"""


@asynccontextmanager
async def indexes_built_afterwards(connection: asyncpg.Connection) -> AsyncGenerator[None, None]:
    """Drop the indexes of search while rows are loaded, and build them at the end, in one transaction with the load.

    Readers of the tables wait meanwhile: for tables that are empty, or about to be replaced.
    """
    async with connection.transaction():
        indexes = await connection.fetch(INDEXES, [searchable.name for searchable in SEARCHABLES])
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        yield
        await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for index in indexes:
            await connection.execute(index["definition"])
