"""What became of every row of an import."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """A row, and what about it could not be taken, or was not taken quite as it stood."""

    table: str
    row: int
    id: str | None
    column: str | None
    value: str | None
    reason: str
    # Where the row stands in its source, for people.
    place: str

    @property
    def sentence(self) -> str:
        """What is wrong with the row, without where it is."""
        what = self.reason if self.column is None else f"{self.column} {self.reason}"
        return what if self.value is None else f"{what}: {self.value}"

    def __str__(self) -> str:
        of = f" (id {self.id})" if self.id else ""
        return f"{self.table} {self.place}{of}: {self.sentence}"


def shown(value: object) -> str | None:
    """Return a value for a report: printable, and not a page of it."""
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@dataclass(slots=True)
class TableReport:
    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: list[Problem] = field(default_factory=list[Problem])
    # Rows that were taken with a value that was rounded on the way.
    rounded: list[Problem] = field(default_factory=list[Problem])
    unknown_columns: list[str] = field(default_factory=list[str])
    missing_columns: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class ImportReport:
    file: str
    # What `rollback` takes; None where nothing was kept.
    id: str | None = None
    dry_run: bool = False
    # Whether it was refused because of a reject, as `strict` wants it.
    refused: bool = False
    # Where the rows are that were not taken.
    rejects_file: str | None = None
    tables: dict[str, TableReport] = field(default_factory=dict[str, TableReport])
    unknown_tables: list[str] = field(default_factory=list[str])
    missing_tables: list[str] = field(default_factory=list[str])

    @property
    def rejected(self) -> int:
        """How many rows were not taken, in all tables."""
        return sum(table.rejected for table in self.tables.values())

    @property
    def written(self) -> int:
        """How many rows were added or changed, in all tables."""
        return sum(table.inserted + table.updated for table in self.tables.values())

    def shortened(self, most: int, pending: Sequence[str] = ()) -> dict[str, Any]:
        """Return the report as it is kept: so many problems a table, without their values, which may be personal.

        Of tables that are pending nothing is in the database, and nothing is told but their names.
        """
        tables = {name: asdict(table) for name, table in self.tables.items() if name not in pending}
        for table in tables.values():
            for kind in ("rejects", "rounded"):
                table[kind] = [problem | {"value": None} for problem in table[kind][:most]]
        return {
            "tables": tables,
            "unknown_tables": self.unknown_tables,
            "missing_tables": self.missing_tables,
            "pending_tables": list(pending),
            "rejected": sum(table["rejected"] for table in tables.values()),
            "rejects_file": self.rejects_file,
        }
