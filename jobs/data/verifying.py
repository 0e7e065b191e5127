"""Compares a source with the database, row by row: both sides are brought into one form and made into checksums.

It shares with the import how a value is read, and nothing of how rows are written.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, UniqueConstraint

from db import personal, transfer
from db.keys import KeyRing
from jobs.data.legacy.reading import TableReading, readings
from jobs.data.legacy.secrets import Unsealer
from jobs.data.progress import Progress, silent
from jobs.data.sources import Source

# Differences that are named; all are counted.
NAMED = 20
DIGEST_BYTES = 16
ROWS_A_STEP = 2_000

Key = tuple[Any, ...]


@dataclass(slots=True)
class Comparison:
    """One table. `checksum` is over all of its rows as they are here; equal tables have equal ones."""

    source_rows: int = 0
    database_rows: int = 0
    same: int = 0
    different: int = 0
    only_in_source: int = 0
    only_in_database: int = 0
    # Rows of the source that no import takes.
    not_takeable: int = 0
    source_checksum: str = ""
    database_checksum: str = ""
    differences: list[str] = field(default_factory=list[str])

    @property
    def alike(self) -> bool:
        return not (self.different or self.only_in_source or self.only_in_database or self.not_takeable)

    def name(self, difference: str) -> None:
        if len(self.differences) < NAMED:
            self.differences.append(difference)


@dataclass(slots=True)
class Verification:
    source: str
    tables: dict[str, Comparison] = field(default_factory=dict[str, Comparison])
    unknown_tables: list[str] = field(default_factory=list[str])
    missing_tables: list[str] = field(default_factory=list[str])

    def as_dict(self) -> dict[str, Any]:
        tables = {name: asdict(table) | {"alike": table.alike} for name, table in self.tables.items()}
        return asdict(self) | {"alike": self.alike, "tables": tables}

    @property
    def alike(self) -> bool:
        return all(table.alike for table in self.tables.values())


async def verify(
    url: str,
    source: Source,
    *,
    key: str | None = None,
    ring: KeyRing | None = None,
    on_progress: Progress = silent,
) -> Verification:
    """Compare all rows of a source with those here, as they are at one moment.

    Columns that the source lacks are not compared. A leave account is the same row when its employee and year are, a
    day of leave when its employee and date are; any other row when its id is.

    Raises:
        NotReadableError: the source has none of the six tables.
        DatabaseUnavailableError: the server cannot be reached, or went away.
        NotMigratedError: the tables are missing.
        UnreadableCellError: a personal value cannot be opened with these keys.
    """
    report, tables = readings(source, Unsealer(key))
    found = Verification(report.file, unknown_tables=report.unknown_tables, missing_tables=report.missing_tables)
    async with transfer.reading(url) as connection:
        for each in tables:
            found.tables[each.table.name] = await _compare(connection, each, ring, on_progress)
    return found


async def _compare(
    connection: transfer.Writer, reading: TableReading, ring: KeyRing | None, on_progress: Progress
) -> Comparison:
    comparison, table = Comparison(), reading.table
    compared = tuple(name for name in reading.columns if name not in reading.kept and name not in _id_unless_key(table))
    identity = _identity(table)
    expected: dict[Key, tuple[int, bytes]] = {}
    for number, *values in reading.rows():
        row = dict(zip(reading.columns, values, strict=True))
        key = tuple(row[name] for name in identity)
        if key in expected:
            comparison.not_takeable += 1
            comparison.name(f"{reading.place(number)}: {_told(key)} is there twice in the source")
            continue
        expected[key] = (number, _digest(row, compared))
        if len(expected) % ROWS_A_STEP == 0:
            on_progress(table.name, reading.report.read, max(reading.total, reading.report.read))
            await asyncio.sleep(0)
    comparison.source_rows = reading.report.read
    comparison.not_takeable += reading.report.rejected
    for problem in reading.report.rejects:
        comparison.name(f"{problem.place}: {problem.sentence}")
    comparison.source_checksum = _checksum(digest for _, digest in expected.values())
    await _look(connection, reading, ring, comparison, expected, compared)
    return comparison


async def _look(  # noqa: PLR0913, PLR0917 - what is read, how, and what it is compared with
    connection: transfer.Writer,
    reading: TableReading,
    ring: KeyRing | None,
    comparison: Comparison,
    expected: dict[Key, tuple[int, bytes]],
    compared: Sequence[str],
) -> None:
    """Go through the table here; what is left of `expected` then is missing."""
    table, identity = reading.table, _identity(reading.table)
    columns = transfer.writable_columns(table)
    here: list[bytes] = []
    changed: dict[int, Mapping[str, Any]] = {}
    async for values in transfer.rows_of(connection, table):
        row = personal.opened_row(table.name, dict(zip(columns, values, strict=True)), columns, ring)
        digest = _digest(row, compared)
        here.append(digest)
        key = tuple(row[name] for name in identity)
        number, wanted = expected.pop(key, (0, b""))
        if not number:
            comparison.only_in_database += 1
            comparison.name(f"{_told(key)} is in the database alone")
        elif wanted == digest:
            comparison.same += 1
        else:
            comparison.different += 1
            if len(changed) < NAMED:
                changed[number] = row
    comparison.database_rows = len(here)
    comparison.database_checksum = _checksum(here)
    comparison.only_in_source = len(expected)
    for key, (number, _) in expected.items():
        comparison.name(f"{reading.place(number)}: {_told(key)} is not in the database")
        if len(comparison.differences) >= NAMED:
            break
    _name_changed(reading, comparison, changed, compared)


def _name_changed(
    reading: TableReading, comparison: Comparison, changed: Mapping[int, Mapping[str, Any]], compared: Sequence[str]
) -> None:
    """Say in which columns the first of the rows differ; their values are personal, and not shown."""
    if not changed:
        return
    rejects, rounded, read = list(reading.report.rejects), list(reading.report.rounded), reading.report.read
    for number, *values in reading.rows():
        if number in changed:
            row = dict(zip(reading.columns, values, strict=True))
            differing = [name for name in compared if _plain(row[name]) != _plain(changed[number][name])]
            comparison.name(
                f"{reading.place(number)}: {_told((changed[number]['id'],))} differs in {', '.join(differing)}"
            )
    reading.report.rejects, reading.report.rounded, reading.report.read = rejects, rounded, read


def _identity(table: Table) -> tuple[str, ...]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            return tuple(column.name for column in constraint.columns)
    return ("id",)


def _id_unless_key(table: Table) -> tuple[str, ...]:
    """Return the columns that may differ: a row that was here already keeps its id."""
    return () if _identity(table) == ("id",) else ("id",)


def _digest(row: Mapping[str, Any], columns: Sequence[str]) -> bytes:
    form = "\x1f".join(_plain(row[name]) for name in columns)
    return hashlib.blake2b(form.encode(), digest_size=DIGEST_BYTES).digest()


def _plain(value: object) -> str:
    """Return one text for each value, however a driver hands it over; no text of a database holds a NUL."""
    match value:
        case None:
            return "\0"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Decimal():
            return f"{value.normalize():f}"
        case _:
            return str(value)


def _checksum(digests: Any) -> str:  # noqa: ANN401 - any iterable of bytes
    """Return a checksum of rows that does not depend on their order."""
    total = 0
    for digest in digests:
        total = (total + int.from_bytes(digest, "big")) % 2 ** (8 * DIGEST_BYTES)
    return f"{total:0{2 * DIGEST_BYTES}x}"


def _told(key: Key) -> str:
    return " ".join(str(part) for part in key)
