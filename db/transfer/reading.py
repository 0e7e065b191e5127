"""Reads the six tables, all as they were at one moment; whoever writes meanwhile is not held up."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import Table, select

from db.transfer.copying import TableRow
from db.transfer.tables import sql, writable_columns
from db.transfer.writing import connected

# Rows a round trip.
ROWS_AT_ONCE = 5_000


@asynccontextmanager
async def reading(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """Give a connection inside a transaction that sees one moment, and writes nothing.

    Raises:
        DatabaseUnavailableError: the server cannot be reached, or went away.
        NotMigratedError: the tables are missing.
    """
    async with connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield connection


async def rows_of(connection: asyncpg.Connection, table: Table) -> AsyncIterator[TableRow]:
    """Yield a table's rows as tuples of its writable columns, in the order of their ids."""
    columns = [table.columns[name] for name in writable_columns(table)]
    statement = sql(select(*columns).order_by(table.c.id))
    async for row in connection.cursor(statement, prefetch=ROWS_AT_ONCE):
        yield tuple(row)
