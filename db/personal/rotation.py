"""Encrypts what is in the personal columns anew, in small batches, while everybody goes on reading and writing.

What remains to be done is what the columns themselves say; there is no other state that a crash could leave wrong.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg

from db.errors import AppError
from db.keys import KeyRing
from db.personal import cell
from db.personal.cell import Place
from db.personal.columns import PERSONAL
from db.tables.personal import SEALED
from db.transfer.writing import connected

ROWS_A_BATCH = 500

# How long the server may take to notice that the one before was killed.
PATIENCE_SECONDS, PAUSE_SECONDS = 5, 0.1

# One rotation at a time; the number is arbitrary. It goes with the session, however that ends.
TAKE_TURN = "SELECT pg_try_advisory_lock(4906002)"

# The prefix that values under the current key have; all plain values begin with none.
_ANY = "{column} IS NOT NULL AND NOT starts_with({column}, $1)"
_SEALED = f"starts_with({{column}}, '{SEALED}')"

# The next rows by their key that have something to do: $1 is the current key's prefix, which plain values never have.
NEXT = {
    table: f"""
        SELECT id, {", ".join(columns)} FROM {table}
        WHERE  id > $2 AND ({" OR ".join(_ANY.format(column=column) for column in columns)})
        ORDER  BY id LIMIT $3
    """  # noqa: S608 - names of our own tables and columns
    for table, columns in PERSONAL.items()
}
NEXT_SEALED = {
    table: f"""
        SELECT id, {", ".join(columns)} FROM {table}
        WHERE  id > $1 AND ({" OR ".join(_SEALED.format(column=column) for column in columns)})
        ORDER  BY id LIMIT $2
    """  # noqa: S608 - the same
    for table, columns in PERSONAL.items()
}

# Each row only while it has what was read of it: whoever has changed it meanwhile is not overwritten.
REPLACE = {
    table: f"""
        UPDATE {table} AS here
        SET    {", ".join(f"{column} = made.{column}_new" for column in columns)}
        FROM   unnest($1::text[], {", ".join(f"${n}::text[]" for n in range(2, 2 + 2 * len(columns)))})
               AS made (id, {", ".join(f"{column}_old, {column}_new" for column in columns)})
        WHERE  here.id = made.id
        AND    {" AND ".join(f"here.{column} IS NOT DISTINCT FROM made.{column}_old" for column in columns)}
    """  # noqa: S608 - the same
    for table, columns in PERSONAL.items()
}

# What is under which key; '' is plain.
COUNTS = {
    (table, column): f"""
        SELECT CASE WHEN starts_with({column}, '{SEALED}') THEN split_part({column}, ':', 3) ELSE '' END AS key_id,
               count(*) AS cells
        FROM   {table} WHERE {column} IS NOT NULL GROUP BY 1
    """  # noqa: S608 - the same
    for table, columns in PERSONAL.items()
    for column in columns
}

# What a rollback would put back, by the key that it is under.
JOURNALED = """
    SELECT split_part(cell.value, ':', 3) AS key_id, count(*) AS cells
    FROM   data_import_changes, jsonb_each_text(before) AS cell
    WHERE  starts_with(cell.value, $1) GROUP BY 1
"""


class RotationRunningError(AppError):
    """Another rotation has not ended."""

    code = "BAD_USER_INPUT"

    def __init__(self) -> None:
        super().__init__(
            "Another rotation is under way on this database; nothing was begun.",
            hint="Wait until it has ended; one that was killed ends with its connection.",
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table that were looked at: how many were written, and how many somebody else was changing."""

    table: str
    last: str
    rows: int
    written: int


@asynccontextmanager
async def turn(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """Give a connection on which nobody else rotates; one that was killed a moment ago is waited for.

    Raises:
        RotationRunningError: somebody does.
        DatabaseUnavailableError: the server cannot be reached, or went away.
    """
    async with looking(url) as connection:
        until = monotonic() + PATIENCE_SECONDS
        while not await connection.fetchval(TAKE_TURN):
            if monotonic() > until:
                raise RotationRunningError
            await asyncio.sleep(PAUSE_SECONDS)
        yield connection


def looking(url: str) -> AbstractAsyncContextManager[asyncpg.Connection]:
    """Give a connection.

    Raises:
        DatabaseUnavailableError: the server cannot be reached, or went away.
        NotMigratedError: the tables are missing.
        NeedsPostgresError: it is a database file.
    """
    return connected(
        url,
        what="Counting what is under which key, and rotating, need",
        hint="What is done stays done; the same command goes on from there.",
    )


async def counts(connection: asyncpg.Connection) -> dict[tuple[str, str], dict[str, int]]:
    """Return how many values each column has under each key, by table and column; the key '' is none."""
    return {
        place: {row["key_id"]: row["cells"] for row in await connection.fetch(statement)}
        for place, statement in COUNTS.items()
    }


async def journaled(connection: asyncpg.Connection) -> dict[str, int]:
    """Return how many values the journals of imports hold under each key: a rollback puts them back as they are."""
    return {row["key_id"]: row["cells"] for row in await connection.fetch(JOURNALED, SEALED)}


async def sweep(connection: asyncpg.Connection, table: str, ring: KeyRing, *, decrypt: bool) -> AsyncIterator[Batch]:
    """Bring a table's rows under the current key, or with `decrypt` under none; each batch is a transaction of its own.

    Raises:
        UnreadableCellError: a value cannot be opened; what was done before stays.
    """
    last = ""
    prefix = f"{cell.PREFIX}{ring.current.id}:"
    while True:
        if decrypt:
            rows = await connection.fetch(NEXT_SEALED[table], last, ROWS_A_BATCH)
        else:
            rows = await connection.fetch(NEXT[table], prefix, last, ROWS_A_BATCH)
        if not rows:
            return
        last = rows[-1]["id"]
        yield Batch(table, last, len(rows), await _replace(connection, table, rows, ring, decrypt=decrypt))


async def _replace(
    connection: asyncpg.Connection, table: str, rows: Sequence[asyncpg.Record], ring: KeyRing, *, decrypt: bool
) -> int:
    arguments: list[list[Any]] = [[row["id"] for row in rows]]
    for column in PERSONAL[table]:
        old = [row[column] for row in rows]
        new = [
            None if text is None else _anew(text, Place(table, column, row["id"]), ring, decrypt=decrypt)
            for row, text in zip(rows, old, strict=True)
        ]
        arguments += [old, new]
    done = await connection.execute(REPLACE[table], *arguments)
    return int(done.rpartition(" ")[2])


def _anew(text: str, place: Place, ring: KeyRing, *, decrypt: bool) -> str:
    if not decrypt and cell.key_of(text) == ring.current.id:
        return text
    plain = cell.unseal(text, place, ring)
    return plain if decrypt else cell.seal(plain, place, ring.current)
