"""Brings tables into the database: read ahead, copied, judged and merged, over one connection or several at a time."""

import asyncio
import re
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from db import personal, transfer
from db.keys import KeyRing
from jobs.data.ahead import Pieces, reading_ahead
from jobs.data.legacy.reading import TableReading
from jobs.data.legacy.report import Problem, shown
from jobs.data.progress import Progress

# What progress is told of while rows go from where they were checked into their table.
MERGING = "{table}: writing"

_SAME_AS_ROW = re.compile(r"(?<=is the same as in )row (\d+)")


@dataclass(frozen=True, slots=True)
class Share:
    """Tables of an import, and the connection whose transaction they come in in."""

    connection: transfer.Writer
    tables: Sequence[TableReading]


class _Coming:
    """A table that is coming in."""

    def __init__(self, reading: TableReading, ring: KeyRing | None) -> None:
        self.reading = reading
        self.stage = transfer.Stage.of(reading.table, reading.columns, reading.kept)
        self._ring = ring

    def rows(self) -> transfer.Rows:
        """Read the rows as the stage takes them."""
        return personal.sealed_rows(self.reading.table.name, self.stage.copied_columns, self.reading.rows(), self._ring)

    @property
    def turn(self) -> tuple[bool, int]:
        """Return what tables are ordered by.

        The database waits for the first rows, so those are few, and of a table that keeps it busy for long: what search
        looks for is worked out for each row. Meanwhile the others are read.
        """
        return not transfer.is_searched(self.reading.table), self.reading.total * len(self.reading.columns)


async def bring(shares: Sequence[Share], number: int, ring: KeyRing | None, on_progress: Progress) -> None:
    """Bring the tables of all shares in, noted in the journal of the import with this number.

    The reports of the readings are complete then. When one share fails the others are stopped before it is raised.
    """
    tables = [sorted((_Coming(each, ring) for each in share.tables), key=lambda each: each.turn) for share in shares]
    # In turn, so that no connection waits for what another needs later.
    order = [each for each in chain.from_iterable(zip_longest(*tables)) if each is not None]
    async with reading_ahead([each.rows for each in order]) as ahead:
        pieces = dict(zip(order, ahead, strict=True))
        left, all_in = set(order), asyncio.Event()

        async def bring_share(connection: transfer.Writer, share: Sequence[_Coming]) -> None:
            for each in share:
                await _bring_table(connection, each, pieces[each], number, on_progress)
            left.difference_update(share)
            if not left:
                all_in.set()
            await transfer.stay(connection, all_in)

        await _all(bring_share(share.connection, each) for share, each in zip(shares, tables, strict=True))


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _bring_table(
    connection: transfer.Writer, coming: _Coming, pieces: Pieces, number: int, on_progress: Progress
) -> None:
    reading, stage = coming.reading, coming.stage
    table, report = reading.table, reading.report
    await stage.create(connection)
    await transfer.copy_pieces(
        connection,
        stage.name,
        stage.copied_columns,
        pieces,
        lambda taken: on_progress(table.name, taken, max(reading.total, taken)),
    )
    on_progress(table.name, report.read, max(reading.total, report.read))
    merging = MERGING.format(table=table.name)
    on_progress(merging, 0, 1)
    # Nobody misses the indexes of a table that has no rows yet.
    rows = 0 if await transfer.count(connection, table) else report.read
    async with transfer.set_aside(connection, [table], rows):
        merged = await transfer.merge(connection, stage, number)
    on_progress(merging, 1, 1)
    record(reading, merged)


def record(reading: TableReading, merged: transfer.Merged) -> None:
    """Put what became of the rows into the report of their table."""
    report, place = reading.report, reading.place

    def with_places(reason: str) -> str:
        return _SAME_AS_ROW.sub(lambda found: place(int(found[1])), reason)

    report.inserted, report.updated, report.unchanged = merged.inserted, merged.updated, merged.unchanged
    report.rejected += len(merged.rejected)
    report.rejects += [
        Problem(
            reading.table.name,
            one.row,
            shown(one.id),
            one.column,
            shown(one.value),
            with_places(one.reason),
            place(one.row),
        )
        for one in merged.rejected
    ]
    report.rejects.sort(key=lambda problem: problem.row)
