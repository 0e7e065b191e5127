"""Makes SQLAlchemy's engines of libpq URLs: asyncpg reads them, as everywhere else, with all they say of TLS."""

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.engines import failures

DIALECT: Final = "postgresql+asyncpg://"
# Parameters of a URL that libpq does not have, and SQLAlchemy's dialect does.
OWN: Final = frozenset({"ssl", "prepared_statement_cache_size"})

# What connecting may raise, through SQLAlchemy or past it.
UNREACHABLE: Final = (DBAPIError, *failures.UNREACHABLE)


def create(url: str, **options: Any) -> AsyncEngine:  # noqa: ANN401 - SQLAlchemy's
    """Return an engine of `postgresql://…`; SQLAlchemy's own spelling, `postgresql+asyncpg://…`, is taken too."""
    own, dsn = _parted(url)
    address = DIALECT + (f"?{urlencode(own)}" if own else "")
    return create_async_engine(address, connect_args={"async_creator_fn": partial(asyncpg.connect, dsn)}, **options)


def sentence(failure: Exception) -> str:
    """Return why there is no connection, in a sentence without passwords."""
    driver = failure.orig if isinstance(failure, DBAPIError) else failure
    return failures.sentence((driver and driver.__cause__) or driver or failure)


def libpq(url: str) -> str:
    """Return the address as asyncpg and libpq know it."""
    return _parted(url)[1]


def _parted(url: str) -> tuple[list[tuple[str, str]], str]:
    """Return SQLAlchemy's own parameters, and the libpq URL without them."""
    place, _, query = url.partition("://")[2].partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    own = [each for each in given if each[0] in OWN]
    if own:
        query = urlencode([each for each in given if each[0] not in OWN], quote_via=quote)
    return own, f"postgresql://{place}" + (f"?{query}" if query else "")
