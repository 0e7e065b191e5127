"""The address of a database file, as SQLAlchemy writes it: `sqlite+aiosqlite:////var/lib/yukyu/yukyu.db`."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from db.errors import BadInputError

SCHEMES: Final = ("sqlite+aiosqlite", "sqlite")


def is_file(url: str) -> bool:
    return url.partition(":")[0] in SCHEMES


def path_of(url: str) -> Path:
    """Return the file's absolute path.

    Raises:
        BadInputError: the address names no file.
    """
    place = url.partition("://")[2]
    if not place.startswith("/") or not unquote(place[1:]) or "?" in place or "\0" in unquote(place):
        raise BadInputError(
            "The database's address names no file.",
            hint="Write it as sqlite+aiosqlite:////var/lib/yukyu/yukyu.db; four slashes begin an absolute path.",
        )
    return Path(unquote(place[1:])).expanduser().absolute()
