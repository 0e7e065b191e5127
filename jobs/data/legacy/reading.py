"""Reads one table of a source as rows of ours. It knows no database: whoever writes the rows decides where."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Table

from db import transfer
from jobs.data.legacy.conversion import Conversion
from jobs.data.legacy.report import ImportReport, TableReport
from jobs.data.legacy.secrets import Unsealer
from jobs.data.sources import NotReadableError, Source, SourceTable


class TableReading:
    """A table of a source, the table of ours that it becomes, and what is told of its rows.

    `columns` are those that a row gets, in the order of `rows`; `kept` are those of which the source says nothing,
    so that a row that is here already keeps what it has in them. `report` is complete once `rows` has been read.
    """

    def __init__(self, table: Table, source: Source, found: SourceTable, unsealer: Unsealer) -> None:
        spelled = {name.lower(): name for name in found.columns}
        known = transfer.writable_columns(table)
        present = [name for name in known if name in spelled]
        self.table = table
        self.total = found.rows
        self.report = TableReport(
            unknown_columns=[name for lower, name in spelled.items() if lower not in known],
            missing_columns=[name for name in known if name not in spelled],
        )
        self.place = source.place
        self._source, self._found = source, found
        self._spelled = [spelled[name] for name in present]
        self._conversion = Conversion(table, present, unsealer, self.report, source.place)
        self.columns, self.kept = self._conversion.columns, self._conversion.kept

    def rows(self) -> Iterator[transfer.TableRow]:
        """Yield the number of each row that can be taken, and its values; the others go into the report."""
        return self._conversion.rows(self._source.rows(self._found, self._spelled))

    def raw(self, wanted: Callable[[int], bool]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the rows whose number is wanted as they stand in the source, with all of its columns."""
        for row, *values in self._source.rows(self._found, self._found.columns):
            if wanted(row):
                yield row, dict(zip(self._found.columns, values, strict=True))


def readings(source: Source, unsealer: Unsealer) -> tuple[ImportReport, list[TableReading]]:
    """Return the tables of the source that are of the six, in the order in which they are written.

    Raises:
        NotReadableError: it has none of them.
    """
    found = source.tables()
    wanted = {str(table.name): table for table in transfer.TABLES}
    if not wanted.keys() & found.keys():
        listed = ", ".join(found) or "no table at all"
        raise NotReadableError(source.file, f"has none of the old application's six tables, but {listed}")
    report = ImportReport(
        str(source.file),
        unknown_tables=[table.name for name, table in found.items() if name not in wanted],
        missing_tables=[name for name in wanted if name not in found],
    )
    read = [TableReading(table, source, found[name], unsealer) for name, table in wanted.items() if name in found]
    for each in read:
        report.tables[str(each.table.name)] = each.report
    return report, read
