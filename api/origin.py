"""Whether a browser sent a request from a page of ours."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from api.credentials import SESSION_COOKIE
from db.errors import AppError
from schema.roles import ForbiddenError

# What a program sends with the cookie, as Apollo's and Yoga's clients do; a page elsewhere would have to ask first.
PREFLIGHTED = ("x-yukyu-csrf", "apollo-require-preflight", "x-apollo-operation-name", "x-graphql-yoga-csrf")


class CrossSiteError(AppError):
    """A page of another site would use the cookie of somebody who is signed in here."""

    code = ForbiddenError.code

    def __init__(self) -> None:
        super().__init__(
            "The request comes from a page of another site, and a cookie is not enough there.",
            hint="Send a token in `Authorization`; a program that has only a cookie adds the header `x-yukyu-csrf: 1`.",
        )


class Origins:
    """The origins whose pages may ask: ours, and those of the setting."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(allowed)

    def trust(self, connection: HTTPConnection) -> bool:
        """Return whether the page, as far as a browser says, may ask; programs say nothing and may."""
        return from_here(connection) or connection.headers.get("origin") in self._allowed

    def require_own(self, connection: HTTPConnection) -> None:
        """Refuse an operation that a foreign page sends in the name of whoever is signed in.

        Only a cookie is sent by itself; with a token, or with neither, there is nothing to misuse.

        Raises:
            CrossSiteError: the page is of another site, or nothing shows that it is not.
        """
        headers = connection.headers
        if SESSION_COOKIE not in connection.cookies or "authorization" in headers:
            return
        if "origin" in headers:
            own = self.trust(connection)
        elif "sec-fetch-site" in headers:
            own = headers["sec-fetch-site"] in ("same-origin", "none")  # none: somebody typed the address
        else:
            # Neither a simple form nor an image can send JSON or a header of its own.
            own = headers.get("content-type", "").startswith("application/json") or any(
                name in headers for name in PREFLIGHTED
            )
        if not own:
            raise CrossSiteError


def from_here(connection: HTTPConnection) -> bool:
    """Return whether the page is of this host, as far as a browser says; programs say nothing and may come."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == connection.headers.get("host")
    except ValueError:  # half an IPv6 address, say
        return False
