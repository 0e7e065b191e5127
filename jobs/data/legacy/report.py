"""What became of every row of an import."""

from dataclasses import dataclass, field

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

    def __str__(self) -> str:
        of = f" (id {self.id})" if self.id else ""
        what = self.reason if self.column is None else f"{self.column} {self.reason}"
        value = "" if self.value is None else f": {self.value}"
        return f"{self.table} row {self.row}{of}: {what}{value}"


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
    tables: dict[str, TableReport] = field(default_factory=dict[str, TableReport])
    unknown_tables: list[str] = field(default_factory=list[str])
    missing_tables: list[str] = field(default_factory=list[str])

    @property
    def rejected(self) -> int:
        """How many rows were not taken, in all tables."""
        return sum(table.rejected for table in self.tables.values())
