"""Writes rows from outside into a table of a database file where they differ from what is there.

The rules, and the order in which they are looked at, are those of `db.transfer.merging` and `db.transfer.judgements`.
Rows wait in a table of the same shape: what it refuses, the real one would refuse.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import CheckConstraint, Table, UniqueConstraint

from db.fallback.transfer import FileWriter, insertion, storing
from db.transfer.merging import Merged, Rejected
from db.transfer.tables import writable_columns

_WORD: Final = re.compile(r"\w+")
_FAILED: Final = re.compile(r"(CHECK|UNIQUE|NOT NULL) constraint failed: (.*)")

Row = dict[str, Any]


@dataclass(slots=True)
class Staged:
    """A row that waits: its number at the source, its values as they are stored, and what becomes of it."""

    number: int
    row: Row
    here: Row | None = None
    moved: bool = False


@dataclass
class FileMerge:
    """Takes in rows of one table. `stated` are the columns that come; `kept` are left as they are in rows we have."""

    writer: FileWriter
    table: Table
    stated: Sequence[str]
    kept: Sequence[str]
    rejected: list[Rejected] = field(default_factory=list[Rejected])

    def __post_init__(self) -> None:
        self._connection = self.writer.connection
        self._columns = writable_columns(self.table)
        self._compared = [name for name in self._columns if name != "id" and name not in self.kept]
        self._keys = [
            tuple(column.name for column in each.columns)
            for each in self.table.constraints
            if isinstance(each, UniqueConstraint)
        ]
        self._rules = {
            str(each.name): str(each.sqltext) for each in self.table.constraints if isinstance(each, CheckConstraint)
        }
        self._first: dict[tuple[Any, ...], int] = {}

    def merge(self, rows: Iterable[tuple[Any, ...]]) -> Merged:
        """Write what can be written; a row is its number and the values of `stated`."""
        self._make_stage()
        staged = [each for row in rows if (each := self._judged(row)) is not None]
        moved = [each for each in staged if each.moved]
        for each in moved:
            self._connection.execute(f"DELETE FROM {self.table.name} WHERE id = ?", (each.row["id"],))
        for each in staged:
            if each.here is None or each.moved:
                self._adopt(each)
        updated = sum(self._update(each) for each in staged if each.here is not None and not each.moved)
        coming = [each for each in staged if each.here is None or each.moved]
        statement = insertion(self.table.name, self._columns)
        self._connection.executemany(statement, [tuple(each.row.values()) for each in coming])
        still_moved = sum(each.moved for each in staged)
        return Merged(
            inserted=len(coming) - still_moved,
            updated=updated + still_moved,
            unchanged=len(staged) - updated - len(coming),
            rejected=sorted(self.rejected, key=lambda each: each.row),
        )

    def _make_stage(self) -> None:
        made = self._connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (self.table.name,)).fetchone()[
            0
        ]
        self._stage = f"stage_{self.table.name}"
        shape = made.replace(f"CREATE TABLE {self.table.name}", f"CREATE TEMPORARY TABLE {self._stage}", 1)
        self._connection.execute(f"DROP TABLE IF EXISTS temp.{self._stage}")
        self._connection.execute(shape)
        self._into_stage = insertion(f"temp.{self._stage}", self._columns)
        self._stored = storing(self.table, self.stated)

    def _judged(self, row: tuple[Any, ...]) -> Staged | None:
        number, *values = row
        staged = Staged(number, dict.fromkeys(self._columns))
        staged.row.update(zip(self.stated, self._stored(tuple(values)), strict=True))
        self._fill_kept(staged.row)
        try:
            self._connection.execute(self._into_stage, tuple(staged.row.values()))
        except sqlite3.IntegrityError as failure:
            self.rejected.append(self._refused(staged, str(failure)))
            return None
        for key in (("id",), *self._keys):
            self._first[key, *(staged.row[name] for name in key)] = number
        staged.here = self._find(("id",), staged.row)
        if staged.here is not None and staged.here["employee_num"] != staged.row["employee_num"]:
            reason = f"already belongs to employee number {staged.here['employee_num']}"
            self.rejected.append(Rejected(number, staged.row["id"], "id", staged.row["id"], reason))
            return None
        staged.moved = staged.here is not None and any(
            staged.here[name] != staged.row[name] for key in self._keys for name in key
        )
        return staged

    def _fill_kept(self, row: Row) -> None:
        """Take what the source does not say from the row that is here; the same id counts most."""
        if not self.kept:
            return
        for key in (*self._keys, ("id",)):
            if here := self._find(key, row):
                row.update({name: here[name] for name in self.kept})

    def _adopt(self, staged: Staged) -> None:
        """Take a row with another id but the same natural key for the same row, which keeps the id it has here."""
        for key in self._keys:
            if here := self._find(key, staged.row):
                staged.row["id"], staged.here, staged.moved = here["id"], here, False

    def _update(self, staged: Staged) -> bool:
        here, row = staged.here or {}, staged.row
        if all(here[name] == row[name] for name in self._compared):
            return False
        changes = ", ".join(f"{name} = :{name}" for name in self._compared)
        self._connection.execute(f"UPDATE {self.table.name} SET {changes} WHERE id = :id", row)
        return True

    def _find(self, key: Sequence[str], row: Mapping[str, Any]) -> Row | None:
        where = " AND ".join(f"{name} = :{name}" for name in key)
        # As it is stored: an expression has no declared type that the driver would convert by.
        columns = ", ".join(f"+{name}" for name in self._columns)
        found = self._connection.execute(
            f"SELECT {columns} FROM main.{self.table.name} WHERE {where}",
            {name: row[name] for name in key},
        ).fetchone()
        return None if found is None else dict(zip(self._columns, found, strict=True))

    def _repeated(self, row: Row) -> tuple[list[str], str] | None:
        """Return which key a row shares with one that came before, the id first."""
        for key in (("id",), *self._keys):
            if (first := self._first.get((key, *(row[name] for name in key)))) is not None:
                return list(key), f"is the same as in row {first}"
        return None

    def _refused(self, staged: Staged, failure: str) -> Rejected:
        match = _FAILED.search(failure)
        kind, what = (match[1], match[2]) if match else ("", failure)
        row, identifier = staged.row, str(staged.row["id"])
        if kind == "CHECK" and what in self._rules:
            names = [name for name in dict.fromkeys(_WORD.findall(self._rules[what])) if name in row]
            reason = f"breaks the rule {self._rules[what]}"
        else:
            names, reason = self._repeated(row) or ([], f"is refused: {failure}")
        shown = ", ".join(_shown(row.get(name) for name in names))
        return Rejected(staged.number, identifier, ", ".join(names), shown, reason)


def _shown(values: Iterable[Any]) -> Iterator[str]:
    yield from (str(value) for value in values if value is not None)
