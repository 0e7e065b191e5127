"""COPY, a step at a time."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import asyncpg

TableRow = tuple[Any, ...]
Rows = Iterable[TableRow]
Batches = AsyncIterable[Sequence[TableRow]]

# Rows between two looks at Ctrl-C and at whoever waits for progress.
ROWS_A_STEP = 2_000


async def copy(
    connection: asyncpg.Connection,
    name: str,
    columns: Sequence[str],
    rows: Rows,
    on_rows: Callable[[int], None],
) -> int:
    """COPY the rows into a table; returns how many they were, and says so on the way."""
    return await copy_batches(connection, name, columns, _in_steps(rows), on_rows)


async def copy_batches(
    connection: asyncpg.Connection,
    name: str,
    columns: Sequence[str],
    batches: Batches,
    on_rows: Callable[[int], None],
) -> int:
    """COPY rows that come in batches; others may be at work while the next are waited for."""
    copied = 0

    async def each() -> AsyncIterator[TableRow]:
        nonlocal copied
        async for batch in batches:
            for row in batch:
                yield row
            copied += len(batch)
            on_rows(copied)
            await asyncio.sleep(0)

    await connection.copy_records_to_table(name, records=each(), columns=columns)
    on_rows(copied)
    return copied


async def _in_steps(rows: Rows) -> AsyncIterator[list[TableRow]]:
    left = iter(rows)
    while step := list(islice(left, ROWS_A_STEP)):
        yield step
