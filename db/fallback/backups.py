"""Copies of a database file: taken while others write, stored compressed, checked, and put back."""

import gzip
import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.cluster import durable
from db.fallback import opening
from db.fallback.errors import FileUnusableError
from db.transfer.tables import TABLES as SIX

STORED: Final = "database.db.gz"
# More would make it hardly smaller and take several times as long.
COMPRESSION: Final = 3
COMPRESSED_WITH: Final = "gzip"
BLOCK_BYTES: Final = 1024 * 1024

TABLES: Final = tuple(table.name for table in SIX)


class DamagedCopyError(FileUnusableError):
    """A copy is not what was stored, or no sound database."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What was found in a sound copy: rows by table, its revision, and its bytes when it is not compressed."""

    rows: dict[str, int]
    revision: str | None
    size_bytes: int


def identifier(path: Path) -> str | None:
    """Return what a file is called by in the backup repository, digits; None where it is not made yet.

    Raises:
        FileUnusableError: it cannot be read.
    """
    if not path.exists():
        return None
    try:
        with closing(opening.connect(path, read_only=True)) as connection:
            return connection.execute("SELECT identifier FROM store").fetchone()[0]
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as failure:
        raise opening.unusable(path, failure) from failure


def take(path: Path, into: Path) -> Sound:
    """Copy the file into a directory by SQLite's online backup, check the copy, and store it compressed.

    It is the state of one moment, with all that was committed before it. Others read and write meanwhile.

    Raises:
        FileUnusableError: the file cannot be read, or the copy is not sound.
    """
    plain = into / "copy.db"
    try:
        with closing(opening.connect(path, read_only=True)) as source, closing(sqlite3.connect(plain)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as failure:
        raise opening.unusable(path, failure) from failure
    sound = look(plain)
    _compress(plain, into / STORED)
    plain.unlink()
    durable.sync_directory(into)
    return sound


def verify(stored: Path, scratch: Path) -> Sound:
    """Unpack a stored copy beside, look whether it is sound, and remove what was unpacked.

    Raises:
        DamagedCopyError: it is not.
    """
    with unpacked(stored, scratch) as plain:
        return look(plain)


def put_back(stored: Path, scratch: Path, path: Path) -> Sound:
    """Make the database file what a stored copy is, in one transaction: readers see one state or the other.

    Raises:
        DamagedCopyError: the copy is not sound; the database file is as it was.
        FileUnusableError: the file cannot be written to, and is as it was.
    """
    with unpacked(stored, scratch) as plain:
        sound = look(plain)
        try:
            with closing(sqlite3.connect(plain)) as source, closing(opening.connect(path, create=True)) as live:
                source.backup(live)
        except sqlite3.Error as failure:
            raise opening.unusable(path, failure) from failure
    return sound


def look(plain: Path) -> Sound:
    """Check a whole file that nobody writes to: its pages, its indexes, what is searched by, and count its rows.

    Raises:
        DamagedCopyError: something is wrong.
    """
    try:
        with closing(opening.connect(plain)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            if found != ["ok"]:
                raise DamagedCopyError(f"The copy {plain.name} is damaged: {found[0]}.")
            connection.execute("INSERT INTO search_lexemes (search_lexemes) VALUES ('integrity-check')")
            rows = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
            revision = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()[0]
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as failure:
        raise DamagedCopyError(f"The copy {plain.name} is damaged: {failure}.") from failure
    return Sound(rows, revision, plain.stat().st_size)


@contextmanager
def unpacked(stored: Path, scratch: Path) -> Generator[Path]:
    """Give a stored copy as a file in a directory that is made for it, and removed with it.

    Raises:
        DamagedCopyError: it cannot be unpacked.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    try:
        plain = scratch / "copy.db"
        try:
            with gzip.open(stored) as packed, plain.open("wb") as file:
                shutil.copyfileobj(packed, file, BLOCK_BYTES)
        except (OSError, EOFError, ValueError) as failure:
            raise DamagedCopyError(f"The copy in {stored} cannot be unpacked: {failure}.") from failure
        yield plain
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _compress(plain: Path, stored: Path) -> None:
    with plain.open("rb") as file, stored.open("wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=COMPRESSION) as packed:
            shutil.copyfileobj(file, packed, BLOCK_BYTES)
        raw.flush()
        os.fsync(raw.fileno())
