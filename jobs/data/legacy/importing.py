"""Brings the rows of a source into the database: all tables in one transaction, with what it takes to undo it."""

import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from db import fallback, personal, transfer
from db.fallback.transfer import FileWriter
from db.fallback.transfer import writing as writing_file
from db.keys import KeyRing
from jobs.data.ahead import reading_ahead
from jobs.data.dump import rejects
from jobs.data.dump.writing import require_free
from jobs.data.legacy import to_file
from jobs.data.legacy.reading import TableReading, readings
from jobs.data.legacy.report import ImportReport, Problem, shown
from jobs.data.legacy.secrets import Unsealer
from jobs.data.legacy.source import opened
from jobs.data.progress import Progress, silent
from jobs.data.sources import Source

# Problems a table that the database keeps of an import; the rejects file has all.
PROBLEMS_KEPT = 100

# What progress is told of while rows go from where they were checked into their table.
MERGING = "{table}: writing"

_SAME_AS_ROW = re.compile(r"(?<=is the same as in )row (\d+)")


def _now() -> datetime:
    return datetime.now(UTC)


def identifier(now: datetime) -> str:
    """Return a new import's id: when, and four letters so that no two are the same."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


@dataclass(frozen=True)
class Manner:
    """How to import.

    Args:
        key: what the old application encrypted personal fields with, in hexadecimal; None when it did not.
        ring: what personal values are encrypted with here; without it they are kept plain.
        dry_run: find out what would happen, and leave everything as it is.
        strict: leave everything as it is if a single row cannot be taken.
        rejects: the directory to write the rows into that are not taken; None when they are not wanted.
        by: who imports, for the report.
        id: what the import is called; a new one when it is None.
    """

    key: str | None = None
    ring: KeyRing | None = None
    dry_run: bool = False
    strict: bool = False
    rejects: Path | None = None
    by: str = "unknown"
    id: str | None = None
    clock: Callable[[], datetime] = field(default=_now)


class _NotKeptError(Exception):
    """Leaves the transaction, so that nothing of it is kept."""


async def import_file(
    url: str, file: Path, manner: Manner | None = None, *, on_progress: Progress = silent
) -> ImportReport:
    """Import a SQLite file of the old application, as `import_source` does; it is opened for reading only.

    Raises:
        NotReadableError: the file is not what it should be, or has none of the six tables.
    """
    with opened(file) as source:
        return await import_source(url, source, "sqlite", manner or Manner(), on_progress=on_progress)


async def import_source(
    url: str, source: Source, kind: str, manner: Manner, *, on_progress: Progress = silent
) -> ImportReport:
    """Bring the six tables of a source into the database; rows that are there already are brought up to date.

    A second import of the same source changes nothing. A row that cannot be taken is in the report, with its reason;
    the others are taken. After a crash on the way the database is as it was before.

    Args:
        url: of the primary.
        source: what is read; twice, where rows are not taken and are to be written out.
        kind: what the source is, for the report.
        manner: how.
        on_progress: told the table's name, the rows read of it and how many there are.

    Raises:
        NotReadableError: the source has none of the six tables.
        BadInputError: the rejects cannot be written; nothing is imported then.
    """
    if manner.rejects is not None:
        require_free(manner.rejects)
    report, tables = readings(source, Unsealer(manner.key))
    report.dry_run = manner.dry_run
    if fallback.is_file(url):
        with suppress(_NotKeptError):
            async with writing_file(fallback.path_of(url)) as file:
                await _import_into_file(file, tables, source, manner, report, on_progress)
        return report
    begun = manner.clock()
    heading = transfer.Heading(manner.id or identifier(begun), kind, source.file.name, manner.by, begun)
    try:
        async with transfer.writing(url) as connection:
            await _import(connection, tables, heading, manner, report, on_progress)
    except _NotKeptError:
        return report
    report.id = heading.id
    if report.written:
        await transfer.tidy(url)
    return report


async def _import(  # noqa: PLR0913, PLR0917 - from where, to where, how, and who wants to know
    connection: transfer.Writer,
    tables: Sequence[TableReading],
    heading: transfer.Heading,
    manner: Manner,
    report: ImportReport,
    on_progress: Progress,
) -> None:
    journal = await transfer.Journal.begin(connection, heading)
    # The database waits for the first rows, so those are few, and of a table that keeps it busy for long: what search
    # looks for is worked out for each row. Meanwhile the others are read.
    ordered = sorted(tables, key=lambda each: (not transfer.is_searched(each.table), each.total * len(each.columns)))
    stages = [transfer.Stage(each.table, each.columns, each.kept) for each in ordered]
    with reading_ahead([_storable(*read, manner.ring) for read in zip(ordered, stages, strict=True)]) as ahead:
        for each, stage, rows in zip(ordered, stages, ahead, strict=True):
            await _import_table(connection, each, stage, rows, journal, on_progress)
    _require_kept(tables, Path(heading.source), manner, report)
    await journal.finish(report.shortened(PROBLEMS_KEPT), now=manner.clock())


async def _import_into_file(  # noqa: PLR0913, PLR0917 - the same
    file: FileWriter,
    tables: Sequence[TableReading],
    source: Source,
    manner: Manner,
    report: ImportReport,
    on_progress: Progress,
) -> None:
    """Import into a database file, which keeps nothing to undo it by; a backup before does that."""
    for each in tables:
        _record(each, await to_file.merge(file, each, manner.ring, on_progress))
    _require_kept(tables, Path(source.file.name), manner, report)


def _require_kept(tables: Sequence[TableReading], name: Path, manner: Manner, report: ImportReport) -> None:
    """Write out what was not taken, and leave the transaction where nothing is to be kept."""
    if report.rejected and manner.rejects is not None:
        rejects.write(manner.rejects, name, tables, now=manner.clock())
        report.rejects_file = str(manner.rejects)
    report.refused = manner.strict and report.rejected > 0
    if manner.dry_run or report.refused:
        raise _NotKeptError


def _storable(reading: TableReading, stage: transfer.Stage, ring: KeyRing | None) -> Callable[[], transfer.Rows]:
    """Return what reads a table's rows as its stage takes them."""
    return lambda: personal.sealed_rows(reading.table.name, stage.copied_columns, reading.rows(), ring)


async def _import_table(  # noqa: PLR0913, PLR0917 - what, from where, to where, and who wants to know
    connection: transfer.Writer,
    reading: TableReading,
    stage: transfer.Stage,
    rows: transfer.Rows,
    journal: transfer.Journal,
    on_progress: Progress,
) -> None:
    table, report = reading.table, reading.report
    await stage.create(connection)
    await transfer.copy(
        connection,
        stage.name,
        stage.copied_columns,
        rows,
        lambda taken: on_progress(table.name, taken, max(reading.total, taken)),
    )
    on_progress(table.name, report.read, max(reading.total, report.read))
    merging = MERGING.format(table=table.name)
    on_progress(merging, 0, 1)
    # Nobody misses the indexes of a table that has no rows yet.
    coming = 0 if await transfer.count(connection, table) else report.read
    async with transfer.set_aside(connection, [table], coming):
        merged = await transfer.merge(connection, stage, journal.number)
    on_progress(merging, 1, 1)
    _record(reading, merged)


def _record(reading: TableReading, merged: transfer.Merged) -> None:
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
