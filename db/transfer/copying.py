"""COPY, a step at a time."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg

TableRow = tuple[Any, ...]
Rows = Iterable[TableRow]

# Rows between two looks at Ctrl-C and at whoever waits for progress.
ROWS_A_STEP = 2_000

NULL = "\\N"
# What COPY's text would take for something else.
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Piece(NamedTuple):
    """Rows as the text that COPY takes, in UTF-8, and how many they are."""

    rows: int
    text: bytes


def piece_of(rows: Sequence[TableRow]) -> Piece:
    """Return rows of one length as COPY takes them.

    Values are texts, numbers, dates and moments, which are written as PostgreSQL reads them, or None.
    """
    text = "\n".join(["\t".join([NULL if v is None else v if type(v) is str else str(v) for v in row]) for row in rows])
    # Each value is looked at only where one of them has something that is not what is between them.
    nulls = sum([row.count(None) for row in rows])
    if (
        text.count("\\") != nulls
        or text.count("\n") != len(rows) - 1
        or text.count("\t") != sum(map(len, rows)) - len(rows)
        or "\r" in text
    ):
        text = "\n".join(["\t".join(map(_escaped, row)) for row in rows])
    return Piece(len(rows), f"{text}\n".encode() if rows else b"")


def _escaped(value: object) -> str:
    return NULL if value is None else str(value).translate(_ESCAPED)


async def copy(
    connection: asyncpg.Connection,
    name: str,
    columns: Sequence[str],
    rows: Rows,
    on_rows: Callable[[int], None],
) -> int:
    """COPY the rows into a table; returns how many they were, and says so on the way."""
    copied = 0

    async def steps() -> AsyncIterator[TableRow]:
        nonlocal copied
        for row in rows:
            yield row
            copied += 1
            if copied % ROWS_A_STEP == 0:
                on_rows(copied)
                await asyncio.sleep(0)

    await connection.copy_records_to_table(name, records=steps(), columns=columns)
    on_rows(copied)
    return copied


async def copy_pieces(
    connection: asyncpg.Connection,
    name: str,
    columns: Sequence[str],
    pieces: AsyncIterable[Piece],
    on_rows: Callable[[int], None],
) -> int:
    """COPY rows that were made texts before; while they are waited for, others may be at work."""
    copied = 0

    async def texts() -> AsyncIterator[bytes]:
        nonlocal copied
        async for piece in pieces:
            yield piece.text
            copied += piece.rows
            on_rows(copied)

    await connection.copy_to_table(name, source=texts(), columns=columns)
    on_rows(copied)
    return copied
