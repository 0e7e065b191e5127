"""The old application's file: opened for reading only, checked, and read as it stood at one moment."""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jobs.data.sources import NotReadableError, SourceTable

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
# Byte 18 of the header says how the file was last written to: 2 is write-ahead logging.
_JOURNAL_BYTE, _WAL = 18, 2

# How long to wait for somebody who is writing to the file.
_PATIENCE_SECONDS = 2


class SqliteFile:
    """A source: the tables of a SQLite file."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self.file = file
        self._connection = connection

    def tables(self) -> dict[str, SourceTable]:
        """Return the tables by their names in lower case."""
        found = self._query(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        )
        return {name.lower(): self._table(name) for (name,) in found}

    def rows(self, table: SourceTable, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield rowid and the columns asked for, in the order of the rows in the file."""
        listed = "".join(f", {_quoted(column)}" for column in columns)
        # The names come from the file's own schema, and are quoted as SQLite wants them.
        ordered = f"SELECT rowid{listed} FROM {_quoted(table.name)} ORDER BY rowid"  # noqa: S608 - see above
        numbered = f"SELECT row_number() OVER (){listed} FROM {_quoted(table.name)}"  # noqa: S608 - see above
        return self._query(ordered if self._has_rowid(table) else numbered)

    def place(self, number: int) -> str:
        return f"row {number}"

    def _table(self, name: str) -> SourceTable:
        columns = tuple(row[1] for row in self._query(f"PRAGMA table_info({_quoted(name)})"))
        ((rows,),) = self._query(f"SELECT count(*) FROM {_quoted(name)}")  # noqa: S608 - a name from the file's schema
        return SourceTable(name, columns, rows)

    def _has_rowid(self, table: SourceTable) -> bool:
        return not any(row[4] for row in self._query(f"PRAGMA table_list({_quoted(table.name)})"))

    def check(self) -> None:
        """Read all of the file once. Whether its indexes agree with the tables is nothing to who reads the tables."""
        ((verdict,),) = self._query("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise NotReadableError(self.file, f"is damaged: {verdict}", hint="Take a backup of it that is whole.")

    def begin(self) -> None:
        """Hold on to the file as it is now, whoever writes to it meanwhile."""
        self._connection.execute("BEGIN")

    def _query(self, statement: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(statement)
        except sqlite3.DatabaseError as error:
            raise _not_readable(self.file, error) from error


@contextmanager
def opened(file: Path) -> Generator[SqliteFile]:
    """Open a file of the old application, and leave no trace beside it.

    Raises:
        NotReadableError: it is missing, empty, no SQLite database, damaged or locked.
    """
    mode = _mode(file)
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(file.absolute()))}?{mode}",
            uri=True,
            timeout=_PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # an import reads in a thread, and nobody else does then
        )
    except sqlite3.Error as error:
        raise _not_readable(file, error) from error
    with closing(connection):
        # Text that is not UTF-8 reaches the converters, which say in which row it is.
        connection.text_factory = _decoded
        source = SqliteFile(file, connection)
        source.begin()
        source.check()
        yield source


def _mode(file: Path) -> str:
    """Return how to open the file; one that was closed well needs no lock and no file beside it."""
    try:
        with file.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
        log = file.with_name(f"{file.name}-wal")
        has_log = log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise NotReadableError(file, f"cannot be opened: {error.strerror}") from error
    if not header:
        raise NotReadableError(file, "is empty")
    if not header.startswith(_MAGIC):
        raise NotReadableError(file, "is not a SQLite database", hint="Give the old application's .db file.")
    closed_well = len(header) == _HEADER_BYTES and header[_JOURNAL_BYTE] == _WAL and not has_log
    return "mode=ro&immutable=1" if closed_well else "mode=ro"


def _not_readable(file: Path, error: sqlite3.Error) -> NotReadableError:
    locked = getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    if locked:
        return NotReadableError(file, "is being written to", hint="Stop the old application first.")
    return NotReadableError(
        file,
        f"cannot be read: {error}",
        hint="If files ending in -wal or -journal belong to it, keep them beside it and let the directory be writable.",
    )


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
