"""Tables as advice sees them: their size, their columns, and which of these an index leads with."""

from dataclasses import dataclass
from typing import Final

import asyncpg

# Those that a name without a schema finds. A column leads when a whole index that can be used begins with it.
TABLES: Final = """
    SELECT pg_class.oid::regclass::text                                                   AS name,
           relname,
           reltuples::bigint                                                              AS rows,
           relpages                                                                       AS pages,
           ARRAY(SELECT attname::text FROM pg_attribute
                 WHERE  attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped)      AS columns,
           ARRAY(SELECT DISTINCT attname::text
                 FROM   pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
                 WHERE  indrelid = pg_class.oid AND indisvalid AND indpred IS NULL)       AS leading
    FROM   pg_class
    WHERE  relkind IN ('r', 'm')
    AND    pg_table_is_visible(pg_class.oid)
    AND    relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema']::regnamespace[])
    ORDER  BY relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """`rows` and `pages` as they were when the table was last analysed, -1 rows when it never was."""

    name: str
    relname: str
    rows: int
    pages: int
    columns: tuple[str, ...]
    leading: frozenset[str]


async def tables(connection: asyncpg.Connection) -> dict[str, TableFacts]:
    """Return the tables by their bare names."""
    return {row["relname"]: _facts(row) for row in await connection.fetch(TABLES)}


def _facts(row: asyncpg.Record) -> TableFacts:
    return TableFacts(
        name=row["name"],
        relname=row["relname"],
        rows=row["rows"],
        pages=row["pages"],
        columns=tuple(row["columns"]),
        leading=frozenset(row["leading"]),
    )
