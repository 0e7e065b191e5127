"""Finds the headings of a sheet, which may stand below a title and run over two lines with merged cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from db import transfer
from jobs.data.workbook.cells import Cells
from jobs.data.workbook.mapping import KEY, Sheet, folded

# A heading in English that the mapping does not have must not be taken for the column of that name.
KNOWN_COLUMNS = frozenset(name for table in transfer.TABLES for name in transfer.writable_columns(table))

# Rows in which headings are looked for.
SEARCHED_ROWS = 20


@dataclass(frozen=True, slots=True)
class Headings:
    """Where things stand in a sheet; positions count from 0.

    `columns` are those of the table; `days` are cells with a day taken each; `unknown` are headings that nothing is
    known of. Data begins below row `row`.
    """

    row: int
    columns: Mapping[str, int]
    days: Sequence[int]
    unknown: Mapping[str, int]
    key_headings: frozenset[str]

    def is_repeated(self, cells: Cells) -> bool:
        """Return whether a row of the data is the headings once more, as at the top of each printed page."""
        position = self.columns[KEY]
        return position < len(cells) and folded(cells[position]) in self.key_headings


def find(sheet: Sheet, rows: Iterator[tuple[int, Cells]]) -> Headings | None:
    """Return the headings; None where there is none for the employee's number."""
    keys = frozenset(folded(heading) for heading in sheet.columns[KEY])
    above: list[str] = []
    found = list(islice(rows, SEARCHED_ROWS))
    for index, (number, cells) in enumerate(found):
        names = [_name(cell) for cell in cells]
        if keys & set(names):
            shown = [_shown(cell) for cell in cells]
            following = found[index + 1] if index + 1 < len(found) else None
            row = number
            if following is not None and _continues(sheet, names, following[1], keys):
                row, below = following[0], [_name(cell) for cell in following[1]]
                shown = _over(shown, [_shown(cell) for cell in following[1]], below)
                names = _over(names, below, below)
            return _placed(sheet, row, _under(names, above), shown, keys)
        above = names
    return None


def _continues(sheet: Sheet, names: Sequence[str], below: Cells, keys: frozenset[str]) -> bool:
    """Return whether the next row has headings too: none below the number, known ones elsewhere."""
    position = next(index for index, name in enumerate(names) if name in keys)
    if position < len(below) and _name(below[position]):
        return False
    known = {folded(heading) for headings in sheet.columns.values() for heading in headings}
    if sheet.days_taken is not None:
        known |= {folded(sheet.days_taken.first), folded(sheet.days_taken.last)}
    return bool(known & {_name(cell) for cell in below})


def _placed(sheet: Sheet, row: int, names: list[str], shown: Sequence[str], keys: frozenset[str]) -> Headings:
    columns: dict[str, int] = {}
    for column, headings in sheet.columns.items():
        position = next((names.index(folded(each)) for each in headings if folded(each) in names), None)
        if position is not None:
            columns[column] = position
    days: Sequence[int] = ()
    if sheet.days_taken is not None and folded(sheet.days_taken.first) in names:
        first = names.index(folded(sheet.days_taken.first))
        last = folded(sheet.days_taken.last)
        days = range(first, (names.index(last) if last in names else _end(names, first)) + 1)
    taken = {*columns.values(), *days}
    unknown = {
        text: index
        for index, (name, text) in enumerate(zip(names, shown, strict=False))
        if name and text and index not in taken and text.lower() not in KNOWN_COLUMNS
    }
    return Headings(row, columns, days, unknown, keys)


def _end(names: Sequence[str], first: int) -> int:
    """Return the last of the headings that count on from the first, where the sheet has fewer than there may be."""
    last = first
    while last + 1 < len(names) and names[last + 1].isdecimal():
        last += 1
    return last


def _name(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else folded(cell)


def _shown(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split())[:80]


def _over(upper: list[str], lower: list[str], given: Sequence[str]) -> list[str]:
    """Return the lower line where it says something, else the upper."""
    width = max(len(upper), len(lower))
    upper, lower = [*upper, *[""] * width][:width], [*lower, *[""] * width][:width]
    return [
        low if index < len(given) and given[index] else up
        for index, (up, low) in enumerate(zip(upper, lower, strict=True))
    ]


def _under(names: list[str], above: Sequence[str]) -> list[str]:
    """Return the headings; one that is missing because its cell is merged with that above it is there."""
    return [name or (above[index] if index < len(above) else "") for index, name in enumerate(names)]
