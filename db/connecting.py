"""Opens the engines of whatever a database's address leads to."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from db.engines import EngineOptions, Engines
from db.fallback import FileEngines, is_file


def engines(
    primary_url: str, replica_urls: Sequence[str] = (), *, options: EngineOptions | None = None
) -> AbstractAsyncContextManager[Engines]:
    """Open a PostgreSQL and its replicas, or a database file, which has none.

    Raises:
        BadInputError: an address is neither a libpq URL nor that of a file.
    """
    return (
        FileEngines.open_file(primary_url)
        if is_file(primary_url)
        else Engines.open(primary_url, replica_urls, options=options)
    )
