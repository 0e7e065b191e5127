"""COPY, a step at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import asyncpg

TableRow = tuple[Any, ...]
Rows = Iterable[TableRow]

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
