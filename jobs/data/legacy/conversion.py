"""Turns a row of the old file into one of ours, or says why it cannot."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP
from itertools import islice
from typing import Any

from sqlalchemy import Table

from db.transfer import TableRow
from jobs.data.legacy.columns import fields
from jobs.data.legacy.gaps import GAPS
from jobs.data.legacy.report import Problem, TableReport, shown
from jobs.data.legacy.secrets import Unsealer
from jobs.data.values import UnreadableError

# A column, its value as it stood, and what is wrong with it.
_Fault = tuple[str, object, str]

# Rows that are read together. One with a fault makes all of them be read one by one.
ROWS_TOGETHER = 250


class Conversion:
    """Converts rows of one table, of which the file has these columns; what happened goes into the report."""

    def __init__(
        self,
        table: Table,
        present: Sequence[str],
        unsealer: Unsealer,
        report: TableReport,
        place: Callable[[int], str],
    ) -> None:
        everything = fields(table, unsealer)
        gaps = GAPS[table.name]
        self._table = table.name
        self._report = report
        self._place = place
        self._fields = [everything[name] for name in present]
        self._steps = [(field.name, field.step) for field in self._fields if field.step is not None]
        self._fillers = {**gaps.derived, **gaps.assumed}
        self._required = [name for name, field in everything.items() if field.required]
        self._needed = {*self._required, *self._fillers}
        # Columns that a row gets here, and those of which the file says nothing.
        self.columns = tuple(name for name in everything if name in present or name in self._fillers)
        self.kept = tuple(name for name in everything if name not in present and name not in gaps.derived)

    def rows(self, source: Iterator[tuple[Any, ...]]) -> Iterator[TableRow]:
        """Yield the number of each row that can be taken, and its values in the order of `columns`."""
        while batch := list(islice(source, ROWS_TOGETHER)):
            self._report.read += len(batch)
            yield from self._together(batch) or self._one_by_one(batch)

    def _together(self, batch: Sequence[tuple[Any, ...]]) -> Iterator[TableRow] | None:
        """Return the rows where each has all it needs, and nothing that a report would tell of."""
        numbers, *columns = zip(*batch, strict=True)
        values: dict[str, Sequence[Any]] = {}
        for field, raw in zip(self._fields, columns, strict=True):
            read = field.read_all(raw)
            if read is None or (field.name in self._needed and None in read):
                return None
            values[field.name] = read
        if not self._needed <= values.keys():
            return None
        return zip(numbers, *(values[column] for column in self.columns), strict=True)

    def _one_by_one(self, batch: Sequence[tuple[Any, ...]]) -> Iterator[TableRow]:
        for row, *raw in batch:
            values = self._values(row, raw)
            if values is not None:
                yield (row, *[values[column] for column in self.columns])

    def _values(self, row: int, raw: Sequence[object]) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        problems: list[_Fault] = []
        for field, value in zip(self._fields, raw, strict=True):
            try:
                values[field.name] = field.read(value)
            except UnreadableError as error:
                problems.append((field.name, value, str(error)))
        rounded = self._round(values)
        self._fill(values)
        problems += self._missing(values, unreadable={column for column, _, _ in problems})
        if not problems and not rounded:
            return values
        kept = self._report.rejects if problems else self._report.rounded
        said = {field.name: value for field, value in zip(self._fields, raw, strict=True)}
        identifier = shown(said.get("id") or values.get("id"))
        kept.extend(
            Problem(self._table, row, identifier, column, shown(value), reason, self._place(row))
            for column, value, reason in problems or rounded
        )
        self._report.rejected += bool(problems)
        return None if problems else values

    def _missing(self, values: Mapping[str, Any], unreadable: set[str]) -> list[_Fault]:
        """Return what a row needs and has not; what is filled from a value that cannot be read is not missed."""
        return [
            (name, None, "is missing")
            for name in self._required
            if values.get(name) is None and name not in unreadable and not (unreadable and name in self._fillers)
        ]

    def _round(self, values: dict[str, Any]) -> list[_Fault]:
        rounded: list[_Fault] = []
        for name, step in self._steps:
            value = values.get(name)
            if value is None:
                continue
            kept = value.quantize(step, ROUND_HALF_UP)
            if kept != value:
                rounded.append((name, f"{value.normalize():f}", f"was rounded to {kept}"))
            values[name] = kept
        return rounded

    def _fill(self, values: dict[str, Any]) -> None:
        for column, fill in self._fillers.items():
            if values.get(column) is None:
                values[column] = fill(values)
