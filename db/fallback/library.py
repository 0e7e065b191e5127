"""Whether the SQLite that this Python was built with can do what is needed of it."""

import sqlite3
from contextlib import closing
from functools import cache
from typing import Final

from db.fallback.errors import NEEDED, OldLibraryError

# STRICT tables, and JSON functions that are always there.
SINCE: Final = (3, 38, 0)


@cache
def require() -> None:
    """Make sure of the version and of full text search; asked once.

    Raises:
        OldLibraryError: one of them is not there.
    """
    if sqlite3.sqlite_version_info < SINCE:
        needed = ".".join(map(str, SINCE))
        raise OldLibraryError(
            f"This Python has SQLite {sqlite3.sqlite_version}; a database file needs {needed} or newer.",
            hint=f"Run it with a newer Python. {NEEDED}",
        )
    with closing(sqlite3.connect(":memory:")) as connection:
        require_full_text(connection)


def require_full_text(connection: sqlite3.Connection) -> None:
    """Make sure of FTS5, without which nothing could be searched for.

    Raises:
        OldLibraryError: it is not there.
    """
    try:
        connection.execute("CREATE VIRTUAL TABLE temp.has_fts5 USING fts5 (words, tokenize='ascii', detail=none)")
    except sqlite3.DatabaseError as failure:
        raise OldLibraryError(
            f"The SQLite of this Python has no full text search (FTS5): {failure}.",
            hint=f"Run it with a Python whose SQLite was built with FTS5, as Debian's and python.org's are. {NEEDED}",
        ) from failure
