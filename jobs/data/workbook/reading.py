"""Reads sheets of a workbook as a source, by a mapping."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jobs.data.sources import NotReadableError, SourceTable
from jobs.data.values import UnreadableError, is_blank, is_zero, read_date
from jobs.data.workbook import archive, cells, headings
from jobs.data.workbook.cells import Cells, Workbook
from jobs.data.workbook.days import read_day_taken
from jobs.data.workbook.headings import Headings
from jobs.data.workbook.mapping import KEY, Mapping, Sheet

ACCOUNTS, DAYS = "employees", "yukyu_usage_details"
YEARS = ("year", "grant_year")
DAY_COLUMNS = ("employee_num", "name", "use_date", "days_used")

# A row's number says the sheet, the row and, of a day taken, the column: each has so many digits.
_SHEET, _ROW = 10**11, 10**4


@dataclass(frozen=True, slots=True)
class _Part:
    """A sheet of the workbook, and how it is read."""

    name: str
    sheet: Sheet
    headings: Headings


class Ledger:
    """A source: the tables that some sheets of a workbook become."""

    def __init__(self, file: Path, workbook: Workbook, parts: Sequence[_Part]) -> None:
        self.file = file
        self._workbook = workbook
        self._parts = parts

    def tables(self) -> dict[str, SourceTable]:
        columns: dict[str, dict[str, None]] = {}
        for part in self._parts:
            headings_ = [*part.headings.columns, *part.headings.unknown]
            columns.setdefault(part.sheet.table, {}).update(dict.fromkeys(headings_))
            if part.headings.days:
                columns.setdefault(DAYS, {}).update(dict.fromkeys(DAY_COLUMNS))
        return {name: SourceTable(name, tuple(found), 0) for name, found in columns.items()}

    def rows(self, table: SourceTable, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the number of each row, which says its sheet too, and the columns asked for."""
        for index, part in enumerate(self._parts, start=1):
            for name, rows in ((part.sheet.table, self._people), (DAYS, self._days)):
                if name == table.name:
                    for number, row in rows(index, part):
                        yield (number, *(row.get(column) for column in columns))

    def place(self, number: int) -> str:
        sheet, rest = divmod(number, _SHEET)
        row, column = divmod(rest, _ROW)
        cell = f" column {_letters(column)}" if column else ""
        return f"{self._parts[sheet - 1].name} row {row}{cell}"

    def _data(self, part: _Part) -> Iterator[tuple[int, Cells]]:
        for number, found in self._workbook.rows(part.name):
            if number > part.headings.row and not part.headings.is_repeated(found):
                yield number, found

    def _people(self, index: int, part: _Part) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, found in self._data(part):
            row = {column: _cell(found, position) for column, position in part.headings.columns.items()}
            if all(_says_nothing(value) for value in row.values()):
                continue  # a line that a table was drawn for, or formulas filled down to
            row |= {heading: _cell(found, position) for heading, position in part.headings.unknown.items()}
            for column in YEARS:
                if column in row and part.sheet.table == ACCOUNTS:
                    row[column] = _year(row[column])
            yield index * _SHEET + number * _ROW, row

    def _days(self, index: int, part: _Part) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, found in self._data(part):
            person = {column: _cell(found, part.headings.columns.get(column)) for column in (KEY, "name")}
            for position in part.headings.days:
                value = _cell(found, position)
                if not _says_nothing(value):
                    day, amount = read_day_taken(value)
                    row = {"use_date": day, "days_used": amount}
                    yield index * _SHEET + number * _ROW + position + 1, person | row


@contextmanager
def opened(file: Path, mapping: Mapping, sheets: Sequence[str] = ()) -> Generator[Ledger]:
    """Open a workbook; its sheets are those named, or else all that the mapping knows.

    Raises:
        NotReadableError: it is no workbook, damaged or too large; a sheet is missing, unknown to the mapping, without
            the heading of the employee's number, or full of formulas without results.
    """
    archive.check(file)
    with cells.opened(file) as workbook:
        parts = [_part(file, workbook, name, mapping) for name in _wanted(file, workbook, mapping, sheets)]
        yield Ledger(file, workbook, parts)


def _wanted(file: Path, workbook: Workbook, mapping: Mapping, sheets: Sequence[str]) -> list[str]:
    there = workbook.sheets
    for name in sheets:
        if name not in there:
            raise NotReadableError(file, f"has no sheet {name}, but {_listed(there)}")
    wanted = list(dict.fromkeys(sheets)) or [name for name in there if mapping.sheet(name) is not None]
    if not wanted:
        raise NotReadableError(
            file,
            f"has no sheet that the mapping knows, but {_listed(there)}",
            hint="Name them in a mapping of your own: --mapping.",
        )
    return wanted


def _part(file: Path, workbook: Workbook, name: str, mapping: Mapping) -> _Part:
    sheet = mapping.sheet(name)
    if sheet is None:
        raise NotReadableError(
            file,
            f"has the sheet {name}, which the mapping says nothing of",
            hint="Name it in a mapping of your own: --mapping.",
        )
    found = headings.find(sheet, workbook.rows(name))
    if found is None:
        wanted = ", ".join(sheet.columns[KEY])
        raise NotReadableError(
            file, f"has no heading for the employee's number ({wanted}) in the first rows of the sheet {name}"
        )
    if workbook.lacks_results(name):
        raise NotReadableError(
            file,
            f"has formulas in the sheet {name} that were never worked out",
            hint="Open it in Excel and save it: the results are stored then.",
        )
    return _Part(name, sheet, found)


def _cell(found: Cells, position: int | None) -> object:
    return found[position] if position is not None and position < len(found) else None


def _says_nothing(value: object) -> bool:
    return is_blank(value) or is_zero(value)


def _year(value: object) -> object:
    """Return the year of a date; what is no date may be a year."""
    if isinstance(value, date | datetime):
        return value.year
    try:
        return read_date(value).year if isinstance(value, str | int | float) else value
    except UnreadableError:
        return value


def _letters(column: int) -> str:
    """Return a column as a sheet calls it, from 1: A to Z, AA and so on."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) or "none at all"
