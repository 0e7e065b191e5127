"""Writes the six tables as they are at one moment."""

import asyncio
from datetime import datetime
from pathlib import Path

from sqlalchemy import Table

from db import personal, transfer
from db.errors import BadInputError
from db.keys import KeyRing
from jobs.data.dump.manifest import Kind, Manifest, Part
from jobs.data.dump.values import encoded
from jobs.data.dump.writing import TableFile, make_directory
from jobs.data.progress import Progress, silent

# Rows between two looks at whoever waits for progress.
ROWS_A_STEP = 5_000


async def export(
    url: str, directory: Path, *, now: datetime, ring: KeyRing | None = None, on_progress: Progress = silent
) -> Manifest:
    """Write the six tables into a new directory; it is whole once its manifest is there.

    Personal data is written out in plain, whatever the database does with it.

    Raises:
        BadInputError: the directory is not empty, or cannot be written to.
        DatabaseUnavailableError: the server cannot be reached, or went away.
        NotMigratedError: the tables are missing.
        UnreadableCellError: a personal value cannot be opened with these keys.
    """
    make_directory(directory)
    parts: dict[str, Part] = {}
    try:
        async with transfer.reading(url) as connection:
            revision = await transfer.revision_of(connection)
            for table in transfer.TABLES:
                parts[table.name] = await _export_table(connection, table, directory, ring, on_progress)
        manifest = Manifest(kind=Kind.EXPORT, made_at=now, revision=revision, tables=parts)
        manifest.write(directory)
    except OSError as error:
        raise BadInputError(
            f"{directory} cannot be written to: {error.strerror}. The export is not whole.",
            hint="Remove the directory, make room and export again.",
        ) from error
    return manifest


async def _export_table(
    connection: transfer.Writer, table: Table, directory: Path, ring: KeyRing | None, on_progress: Progress
) -> Part:
    columns = transfer.writable_columns(table)
    total = await transfer.count(connection, table)
    file, done = TableFile(directory, table.name, columns), 0
    async for row in transfer.rows_of(connection, table):
        plain = personal.opened_row(table.name, dict(zip(columns, row, strict=True)), columns, ring)
        file.add({name: encoded(value) for name, value in plain.items()})
        done += 1
        if done % ROWS_A_STEP == 0:
            on_progress(table.name, done, total)
            await asyncio.sleep(0)
    on_progress(table.name, done, total)
    return file.close()
