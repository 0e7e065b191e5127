"""Gives every request an id and one line in the log, and an answer to those that a stop cuts short."""

import asyncio
import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from db.errors import DatabaseUnavailableError

log = structlog.get_logger(__name__)

HEADER = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
STOPPING = DatabaseUnavailableError("The server is stopping.", hint="Try again in a few seconds.")
QUIET = frozenset({"/livez", "/readyz", "/metrics"})


class RequestLog:
    """ASGI middleware: takes the caller's `x-request-id` or makes one, returns it, and logs the outcome.

    Neither query strings nor headers are logged: they carry names and tokens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status, begun = time.perf_counter(), 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:  # the server stops, and has waited as long as it does
            if begun:
                raise
            await error_response(STOPPING)(scope, receive, send_with_id)
        finally:
            if scope["path"] not in QUIET:
                took_ms = round((time.perf_counter() - started) * 1000, 2)
                log.info("request", method=scope["method"], path=scope["path"], status=status, took_ms=took_ms)
