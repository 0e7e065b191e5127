"""Brings what was read of an old file into a database file."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Table

from db import transfer
from db.fallback.merging import FileMerge
from db.fallback.transfer import FileWriter
from jobs.data.legacy.conversion import Conversion
from jobs.data.legacy.report import TableReport
from jobs.data.legacy.source import SourceTable
from jobs.data.progress import Progress

ROWS_A_STEP = 2_000


async def merge(  # noqa: PLR0913, PLR0917 - from where, to where, and who wants to know
    writer: FileWriter,
    table: Table,
    conversion: Conversion,
    rows: Iterable[transfer.TableRow],
    found: SourceTable,
    report: TableReport,
    on_progress: Progress,
) -> transfer.Merged:
    """Write a table's rows; the report is that of an import into PostgreSQL."""
    await asyncio.sleep(0)  # Ctrl-C between two tables
    merging = FileMerge(writer, table, conversion.columns, conversion.kept)
    merged = merging.merge(_told(rows, table, found, report, on_progress))
    on_progress(table.name, report.read, found.rows)
    return merged


def _told(
    rows: Iterable[transfer.TableRow], table: Table, found: SourceTable, report: TableReport, on_progress: Progress
) -> Iterator[tuple[Any, ...]]:
    for count, row in enumerate(rows):
        if count % ROWS_A_STEP == 0:
            on_progress(table.name, report.read, found.rows)
        yield row
