"""Gives every request an id and one line in the log, and an answer to those that a stop cuts short."""

import asyncio
import os
import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import logs
from api.errors import error_response
from api.whole import WHOLE, Whole
from db.errors import DatabaseUnavailableError

HEADER = "x-request-id"
NAME = HEADER.encode()
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
STOPPING = DatabaseUnavailableError("The server is stopping.", hint="Try again in a few seconds.")
QUIET = frozenset({"/livez", "/readyz", "/metrics"})


class RequestLog:
    """ASGI middleware: takes the caller's `x-request-id` or makes one, returns it, and logs the outcome.

    Neither query strings nor headers are logged: they carry names and tokens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _given(scope) or os.urandom(16).hex()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        whole: Whole | None = scope.get(WHOLE)
        if whole is not None:
            whole.request_id = request_id
        started, status, begun = time.perf_counter(), 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = [*message.get("headers", ()), (NAME, request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
            if whole is not None and whole.status is not None:
                status = whole.status
        except asyncio.CancelledError:  # the server stops, and has waited as long as it does
            if begun:
                raise
            await error_response(STOPPING)(scope, receive, send_with_id)
        finally:
            if scope["path"] not in QUIET:
                took_ms = round((time.perf_counter() - started) * 1000, 2)
                about = {"method": scope["method"], "path": scope["path"], "status": int(status), "took_ms": took_ms}
                logs.requests.say(request_id, **about)


def _given(scope: Scope) -> str | None:
    """Return the id that the caller has given, where it can be one."""
    for name, value in scope["headers"]:
        if name == NAME:
            given = value.decode("latin-1")
            return given if ACCEPTED.fullmatch(given) else None
    return None
