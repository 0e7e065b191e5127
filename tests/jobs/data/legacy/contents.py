"""What the six tables hold, as one checksum a table: the same when every row is, column by column."""

import asyncpg

from db import transfer

Checksums = dict[str, tuple[int, str]]


async def checksums(url: str) -> Checksums:
    """Return the rows and a checksum of each table, over the text of its rows, generated columns too."""
    connection = await asyncpg.connect(url)
    try:
        return {
            str(table.name): tuple(
                await connection.fetchrow(
                    f"SELECT count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY id), '')) FROM {table.name} t"  # noqa: S608 - our own tables
                )
                or ()
            )
            for table in transfer.TABLES
        }
    finally:
        await connection.close()
