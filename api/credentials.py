"""Where a request carries who is asking and how fresh an answer it needs."""

from starlette.requests import HTTPConnection

from db.lsn import Lsn
from schema.roles import UnauthenticatedError

SESSION_COOKIE = "yukyu_session"
LSN = "x-yukyu-lsn"
LSN_COOKIE = "yukyu_lsn"


def presented(request: HTTPConnection) -> str | None:
    """Return the token that a request carries, as bearer or else as session cookie.

    Raises:
        UnauthenticatedError: there is an Authorization header with something else.
    """
    return bearer(request.headers.get("authorization")) or request.cookies.get(SESSION_COOKIE)


def freshness(request: HTTPConnection) -> Lsn | None:
    """Return the position the caller has seen; the header wins over the cookie.

    Raises:
        BadInputError: it is not a position.
    """
    position = request.headers.get(LSN) or request.cookies.get(LSN_COOKIE)
    return Lsn.parse(position) if position else None


def bearer(header: str | None) -> str | None:
    """Return the token in what an Authorization header says.

    Raises:
        UnauthenticatedError: it says something else.
    """
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("The Authorization header is not of the form `Bearer TOKEN`.")
    return token.strip()
