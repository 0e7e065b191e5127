"""Imports a file of the old application: all tables in one transaction."""

from pathlib import Path

from sqlalchemy import Table

from db import fallback, transfer
from db.fallback import transfer as into_file
from jobs.data.legacy import to_file
from jobs.data.legacy.conversion import Conversion
from jobs.data.legacy.report import ImportReport, Problem, TableReport, shown
from jobs.data.legacy.secrets import Unsealer
from jobs.data.legacy.source import NotReadableError, Source, SourceTable, opened
from jobs.data.progress import Progress, silent


async def import_file(
    url: str,
    file: Path,
    *,
    key: str | None = None,
    on_progress: Progress = silent,
) -> ImportReport:
    """Bring the six tables of the file into the database; rows that are there already are brought up to date.

    A second import of the same file changes nothing. A row that cannot be taken is in the report, with its reason;
    the others are taken. After a crash on the way the database is as it was before.

    Args:
        url: of the primary.
        file: SQLite, opened for reading only.
        key: what the old application encrypted personal fields with, in hexadecimal; None when it did not.
        on_progress: told the table's name, the rows read of it and how many there are.

    Raises:
        NotReadableError: the file is not what it should be, or has none of the six tables.
    """
    unsealer = Unsealer(key)
    with opened(file) as source:
        found = source.tables()
        wanted = {table.name: table for table in transfer.TABLES}
        if not wanted.keys() & found.keys():
            listed = ", ".join(found) or "no table at all"
            raise NotReadableError(file, f"has none of the old application's six tables, but {listed}")
        report = ImportReport(
            str(file),
            unknown_tables=[table.name for name, table in found.items() if name not in wanted],
            missing_tables=[name for name in wanted if name not in found],
        )
        on_file = fallback.is_file(url)
        place = into_file.writing(fallback.path_of(url)) if on_file else transfer.writing(url)
        async with place as connection:
            for name, table in wanted.items():
                if name in found:
                    report.tables[name] = await _import_table(
                        connection, table, source, found[name], unsealer, on_progress
                    )
    if not on_file and any(table.inserted or table.updated for table in report.tables.values()):
        await transfer.vacuum(url)
    return report


async def _import_table(  # noqa: PLR0913, PLR0917 - from where, to where, and who wants to know
    connection: transfer.Writer | into_file.FileWriter,
    table: Table,
    source: Source,
    found: SourceTable,
    unsealer: Unsealer,
    on_progress: Progress,
) -> TableReport:
    columns = {name.lower(): name for name in found.columns}
    known = transfer.writable_columns(table)
    present = [name for name in known if name in columns]
    report = TableReport(
        unknown_columns=[name for lower, name in columns.items() if lower not in known],
        missing_columns=[name for name in known if name not in columns],
    )
    conversion = Conversion(table, present, unsealer, report)
    rows = conversion.rows(source.rows(found, [columns[name] for name in present]))
    if isinstance(connection, into_file.FileWriter):
        merged = await to_file.merge(connection, table, conversion, rows, found, report, on_progress)
        _record(report, table, merged)
        return report
    stage = transfer.Stage(table, conversion.columns, conversion.kept)
    await stage.create(connection)
    await transfer.copy(
        connection,
        stage.name,
        stage.copied_columns,
        rows,
        lambda _taken: on_progress(table.name, report.read, found.rows),
    )
    # Nobody misses the indexes of a table that has no rows yet.
    coming = 0 if await transfer.count(connection, table) else report.read
    async with transfer.set_aside(connection, [table], coming):
        merged = await transfer.merge(connection, stage)
    _record(report, table, merged)
    return report


def _record(report: TableReport, table: Table, merged: transfer.Merged) -> None:
    report.inserted, report.updated, report.unchanged = merged.inserted, merged.updated, merged.unchanged
    report.rejected += len(merged.rejected)
    report.rejects += [
        Problem(table.name, one.row, shown(one.id), one.column, shown(one.value), one.reason) for one in merged.rejected
    ]
    report.rejects.sort(key=lambda problem: problem.row)
