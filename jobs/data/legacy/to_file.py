"""Brings what was read of a source into a database file."""

import asyncio
from collections.abc import Iterator
from typing import Any

from db import personal, transfer
from db.fallback.merging import FileMerge
from db.fallback.transfer import FileWriter
from db.keys import KeyRing
from jobs.data.legacy.reading import TableReading
from jobs.data.progress import Progress

ROWS_A_STEP = 2_000


async def merge(
    writer: FileWriter, reading: TableReading, ring: KeyRing | None, on_progress: Progress
) -> transfer.Merged:
    """Write a table's rows; the report is that of an import into PostgreSQL."""
    await asyncio.sleep(0)  # Ctrl-C between two tables
    merging = FileMerge(writer, reading.table, reading.columns, reading.kept)
    columns = ("row_number", *reading.columns)
    merged = merging.merge(personal.sealed_rows(reading.table.name, columns, _told(reading, on_progress), ring))
    on_progress(reading.table.name, reading.report.read, max(reading.total, reading.report.read))
    return merged


def _told(reading: TableReading, on_progress: Progress) -> Iterator[tuple[Any, ...]]:
    for count, row in enumerate(reading.rows()):
        if count % ROWS_A_STEP == 0:
            on_progress(reading.table.name, reading.report.read, max(reading.total, reading.report.read))
        yield row
