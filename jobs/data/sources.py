"""What rows are read from: a file of the old application, a directory of JSON Lines, a workbook. All look alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from db.errors import AppError


class NotReadableError(AppError):
    """What was given is nothing that rows could be read from."""

    code = "BAD_USER_INPUT"

    def __init__(self, file: Path, what: str, *, hint: str | None = None) -> None:
        super().__init__(f"{file} {what}. Nothing was imported.", hint=hint)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table as the source spells its name and its columns, and how many rows it has."""

    name: str
    columns: tuple[str, ...]
    rows: int


class Source(Protocol):
    """Opened and checked; it stays as it is while it is read, however often."""

    @property
    def file(self) -> Path:
        """Where it lies, for reports."""
        ...

    def tables(self) -> dict[str, SourceTable]:
        """Return the tables by their names in lower case."""
        ...

    def rows(self, table: SourceTable, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield each row's number in the source and the values of the columns asked for, as they stand there.

        Numbers are the same each time: reports name rows by them.
        """
        ...

    def place(self, number: int) -> str:
        """Return where a row stands, for people: 'row 7', 'line 7', 'Sheet1 row 7'."""
        ...
