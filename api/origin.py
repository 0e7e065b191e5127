"""Whether a browser sent a request from a page of ours."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def from_here(connection: HTTPConnection) -> bool:
    """Return whether the page is of this host, as far as a browser says; programs say nothing and may come."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == connection.headers.get("host")
    except ValueError:  # half an IPv6 address, say
        return False
