"""Opens connections to a database file: durable, patient, and with the text analysis that its triggers call."""

import json
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from db.fallback import analysis, library, types
from db.fallback.errors import FileUnusableError

BUSY_MILLISECONDS: Final = 15_000

# WAL lets readers go on beside the one writer; FULL brings each commit to the disk before it is acknowledged.
DURABLE: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cell_size_check = ON;
"""
READ_ONLY: Final = "PRAGMA query_only = ON"
PATIENT: Final = f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}"


def connect(path: Path, *, create: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """Open one connection, in autocommit: whoever writes says BEGIN IMMEDIATE. It may be used by another thread.

    Raises:
        OldLibraryError: this Python's SQLite cannot do what is needed.
        FileUnusableError: there is no such file, or it is not one of ours.
    """
    library.require()
    assert types.moment_of  # noqa: S101 - its converters are registered with the module
    mode = "rwc" if create else "rw"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            detect_types=sqlite3.PARSE_DECLTYPES,
            timeout=BUSY_MILLISECONDS / 1000,
        )
    except sqlite3.Error as failure:
        raise unusable(path, failure) from failure
    try:
        _prepare(connection, read_only=read_only)
    except sqlite3.Error as failure:
        connection.close()
        raise unusable(path, failure) from failure
    return connection


def unusable(path: Path, failure: sqlite3.Error) -> FileUnusableError:
    if not path.exists():
        return FileUnusableError(
            f"There is no database file {path}.",
            hint="Make it with `yukyu db upgrade`; YUKYU_DATABASE_URL says where it is.",
        )
    return FileUnusableError(
        f"The database file {path} cannot be used: {failure}.",
        hint="See that it can be read and written to, and that its disk has room. "
        "Where it is damaged, `yukyu backup list` names what can be put in its place.",
    )


def analysed(number: str, name: str, kana: str | None, place: str | None, rest: str | None) -> str:
    """Return a row's entries, and behind them its lexemes in one text, as JSON: what the triggers call."""
    entries = analysis.entries(number, name, kana, place)
    lexemes = " ".join(analysis.vector(number, name, kana, place, rest))
    return json.dumps([*entries, lexemes], ensure_ascii=False)


def _prepare(connection: sqlite3.Connection, *, read_only: bool) -> None:
    connection.execute(PATIENT)
    connection.executescript(DURABLE)
    if read_only:
        connection.execute(READ_ONLY)
    connection.create_function("yukyu_analysis", 5, analysed, deterministic=True)
