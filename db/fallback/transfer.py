"""Writes many rows at once into a database file: one transaction, which readers see whole or not at all."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table

from db.fallback import opening, types
from db.transfer.copying import ROWS_A_STEP
from db.transfer.writing import PATIENT, NotMigratedError, TablesBusyError

Values = tuple[Any, ...]

BUSY: Final = "locked"
NOT_MIGRATED: Final = "no such table"
# What was added piece by piece is found fastest in one piece; the planner learns how many rows there are.
TIDY: Final = "INSERT INTO search_lexemes (search_lexemes) VALUES ('optimize')"
ANALYZE: Final = "ANALYZE"


class FileWriter:
    """The one who writes now. Values are given as Python has them, and kept as `db.fallback.types` says."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def count(self, table: Table) -> int:
        return self.connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]

    def empty(self, table: Table) -> None:
        self.connection.execute(f"DELETE FROM {table.name}")

    async def copy(
        self, table: Table, columns: Sequence[str], rows: Iterable[Values], on_rows: Callable[[int], None]
    ) -> int:
        """Insert the rows; returns how many they were, and says so on the way."""
        statement, stored, copied = insertion(table.name, columns), storing(table, columns), 0
        source = iter(rows)
        while step := [stored(row) for row in islice(source, ROWS_A_STEP)]:
            self.connection.executemany(statement, step)
            copied += len(step)
            on_rows(copied)
            await asyncio.sleep(0)  # Ctrl-C, and whoever waits for progress
        return copied


@asynccontextmanager
async def writing(path: Path) -> AsyncGenerator[FileWriter]:
    """Give the place of the one writer: all is kept when the block ends, nothing when it raises or the process dies.

    Raises:
        FileUnusableError: the file is not there, or cannot be written to.
        TablesBusyError: another writer did not end in time.
        NotMigratedError: the tables are missing.
    """
    with closing(opening.connect(path)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield FileWriter(connection)
                connection.execute(TIDY)
                connection.execute(ANALYZE)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.OperationalError as failure:
            if BUSY in str(failure):
                raise TablesBusyError(PATIENT) from failure
            if NOT_MIGRATED in str(failure):
                raise NotMigratedError from failure
            raise opening.unusable(path, failure) from failure


def insertion(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"


def storing(table: Table, columns: Sequence[str]) -> Callable[[Values], Values]:
    """Return what makes a row's values into those that are stored."""
    writers = [types.writer(table.columns[name]) for name in columns]
    return lambda row: tuple(write(value) for write, value in zip(writers, row, strict=True))
