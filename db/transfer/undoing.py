"""Puts rows back to what they were before an import, where they still are what it made of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
from sqlalchemy import Table, UniqueConstraint

from db.transfer import images, journal
from db.transfer.tables import TABLES, sql, writable_columns

# A row that is not what the import left has been changed since.
CHANGED_LATER = """
    SELECT   row_id, CASE WHEN after_digest IS NULL THEN 'has been added again since'
                          WHEN here.id IS NULL THEN 'has been removed since'
                          ELSE 'has been changed since' END AS what
    FROM     data_import_changes
    LEFT     JOIN {table} AS here ON here.id = row_id
    WHERE    import_number = $1
    AND      table_name = '{table}'
    AND      after_digest IS DISTINCT FROM CASE WHEN here.id IS NOT NULL THEN {digest} END
    ORDER BY row_id
    LIMIT    $2
"""

# A row that would come back where another is now.
TAKEN_LATER = """
    SELECT   change.row_id, 'would come back where ' || here.id || ' is now' AS what
    FROM     data_import_changes AS change
    CROSS    JOIN LATERAL jsonb_populate_record(NULL::{table}, change.before) AS old
    JOIN     {table} AS here ON {same_key}
    WHERE    change.import_number = $1
    AND      change.table_name = '{table}'
    AND      change.before IS NOT NULL
    AND      NOT EXISTS (SELECT FROM data_import_changes AS other
                         WHERE  other.import_number = $1 AND other.table_name = '{table}' AND other.row_id = here.id)
    ORDER BY change.row_id
    LIMIT    $2
"""

# The imports that came later and wrote one of these rows.
LATER_IMPORTS = """
    SELECT   DISTINCT later.number, later.id
    FROM     data_imports AS later
    JOIN     data_import_changes AS change ON change.import_number = later.number
    WHERE    later.number > $1 AND later.rolled_back_at IS NULL
    AND      (change.table_name, change.row_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))
    ORDER BY later.number DESC
"""

COUNTS = """
    SELECT   table_name, count(*) FILTER (WHERE before IS NULL) AS inserted,
             count(*) FILTER (WHERE before IS NOT NULL AND after_digest IS NOT NULL) AS updated,
             count(*) FILTER (WHERE after_digest IS NULL) AS removed
    FROM     data_import_changes
    WHERE    import_number = $1
    GROUP BY table_name
"""

REMOVE = """
    DELETE FROM {table} AS here
    USING  data_import_changes AS change
    WHERE  change.import_number = $1 AND change.table_name = '{table}' AND here.id = change.row_id
"""

PUT_BACK = """
    INSERT INTO {table} ({columns})
    SELECT {old_columns}
    FROM   data_import_changes AS change
    CROSS  JOIN LATERAL jsonb_populate_record(NULL::{table}, change.before) AS old
    WHERE  change.import_number = $1 AND change.table_name = '{table}' AND change.before IS NOT NULL
"""

ROLLED_BACK = "UPDATE data_imports SET rolled_back_at = $2, rolled_back_by = $3 WHERE number = $1"


@dataclass(frozen=True, slots=True)
class Later:
    """A row that has changed since an import, and how."""

    table: str
    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.id} {self.what}"


@dataclass(frozen=True, slots=True)
class Undone:
    """Rows of one table: taken out again, put back to what they were, brought back."""

    removed: int
    restored: int
    brought_back: int


async def changed_later(connection: asyncpg.Connection, number: int, *, most: int) -> list[Later]:
    """Return the first rows whose later changes rolling back would lose."""
    await connection.execute(images.ALIKE)
    found: list[Later] = []
    for table in TABLES:
        for statement in _looks(table):
            rows = await connection.fetch(statement, number, most - len(found))
            found += [Later(table.name, row["row_id"], row["what"]) for row in rows]
            if len(found) >= most:
                return found
    return found


async def later_imports(connection: asyncpg.Connection, number: int, rows: list[Later]) -> list[str]:
    """Return the ids of the imports that changed these rows later, the newest first."""
    tables, ids = [row.table for row in rows], [row.id for row in rows]
    return [row["id"] for row in await connection.fetch(LATER_IMPORTS, number, tables, ids)]


async def undo(connection: asyncpg.Connection, number: int) -> dict[str, Undone]:
    """Put back what the import changed; the tables are locked, and `changed_later` has found nothing."""
    await connection.execute(images.ALIKE)
    counts = {
        row["table_name"]: Undone(row["inserted"], row["updated"], row["removed"])
        for row in await connection.fetch(COUNTS, number)
    }
    for table in TABLES:
        if table.name in counts:
            columns = writable_columns(table)
            old = ", ".join(f"old.{name}" for name in columns)
            await connection.execute(REMOVE.format(table=table.name), number)
            await connection.execute(
                PUT_BACK.format(table=table.name, columns=", ".join(columns), old_columns=old), number
            )
    await connection.execute(journal.DROP, [number])
    return counts


def _looks(table: Table) -> Iterator[str]:
    digest = sql(images.digest(table.alias("here"), writable_columns(table)))
    yield CHANGED_LATER.format(table=table.name, digest=digest)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            same_key = " AND ".join(f"here.{column.name} = old.{column.name}" for column in constraint.columns)
            yield TAKEN_LATER.format(table=table.name, same_key=same_key)
