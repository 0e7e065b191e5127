"""Reads a request's body, within bounds of size and time."""

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from db.errors import BadInputError

TIMEOUT_SECONDS = 10


class RequestError(BadInputError):
    """The request cannot be understood; `status` is its HTTP status."""

    def __init__(self, message: str, *, status: HTTPStatus = HTTPStatus.BAD_REQUEST, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises:
        RequestError: it is too large, too slow, or the client went away.
    """
    too_large = RequestError(
        f"The body is larger than {max_bytes} bytes.",
        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        hint="Send a smaller document; values go into variables.",
    )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise too_large
    except TimeoutError as error:
        raise RequestError(
            f"The body did not arrive within {TIMEOUT_SECONDS} seconds.", status=HTTPStatus.REQUEST_TIMEOUT
        ) from error
    except ClientDisconnect as error:
        raise RequestError("The client went away before it had sent the body.") from error
    return bytes(body)
