"""Reads libpq URLs, which are how every database is named; asyncpg understands the rest of them by itself."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from db.errors import BadInputError

SCHEMES: Final = ("postgresql", "postgres")


def name_of(url: str) -> str:
    """Return host and port of a libpq URL, which is what a server is called: no user, no password.

    Raises:
        BadInputError: this is not such a URL. (The text is not repeated: it may hold a password.)
    """
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        parts, query = urlsplit(""), {}
    if parts.scheme not in SCHEMES:
        raise BadInputError(
            "A database address is not a PostgreSQL URL.",
            hint="Write it as postgresql://user:password@host:port/database.",
        )
    host = parts.netloc.rpartition("@")[2]
    if host and not host.startswith(":"):
        return host
    port = host.lstrip(":") or query.get("port", ["5432"])[0]
    return f"{query.get('host', ['localhost'])[0]}:{port}"
