"""What stands before every request: its address's rate, and what every answer says to browsers and about rates."""

from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.console import ASSETS_PATH
from api.errors import error_response
from api.graphql_response import LEGACY, refusal_of
from api.rates import STANDING, Rates
from schema.errors import RateLimitedError

GRAPHQL = "/graphql"
# Stands in the scope of a request that was counted already.
VISITED = "yukyu.visited"
# Supervisors must not be turned away, and files cost next to nothing.
FREE = ("/livez", "/readyz", "/metrics", ASSETS_PATH)
PRIVATE = (GRAPHQL, "/api/")
# What an answer says where its endpoint says nothing else: it is data, and no page, frame or script.
HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
)
# What ends by itself.
WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
CACHE_CONTROL = (b"cache-control", b"no-store")

Headers = list[tuple[bytes, bytes]]


class Gate:
    """ASGI middleware: counts requests by address, and completes the headers of every answer.

    Args:
        rates: what is limited.
        hsts_seconds: how long browsers shall insist on TLS; 0 does not say so.
    """

    def __init__(self, app: ASGIApp, *, rates: Rates, hsts_seconds: int = 0) -> None:
        self._app = app
        self._rates = rates
        self._hsts = b"max-age=%d; includeSubDomains" % hsts_seconds if hsts_seconds else None
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_completed(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self.complete(scope, message)
            await send(message)

        try:
            if VISITED not in scope and not scope["path"].startswith(FREE):
                self._rates.visit(scope)
        except RateLimitedError as error:
            await _refusal(scope["path"], error)(scope, receive, send_completed)
        else:
            await self._app(scope, receive, send_completed)

    def constant(self, scheme: str, *, private: bool) -> Headers:
        """Return what every answer says where its endpoint says nothing else, whatever it answers."""
        headers = [*self._headers, CACHE_CONTROL] if private else self._headers
        if self._hsts and scheme in ("https", "wss"):
            return [*headers, (b"strict-transport-security", self._hsts)]
        return headers

    def complete(self, scope: Scope, message: Message) -> None:
        """Put into the head of an answer what every answer says."""
        headers = list(message.get("headers", ()))
        said = {name for name, _ in headers}
        private = scope["path"].startswith(PRIVATE)
        headers += [each for each in self.constant(scope["scheme"], private=private) if each[0] not in said]
        standing = scope.get(STANDING)
        if standing is not None:
            headers += [(name.encode(), value.encode()) for name, value in standing.headers()]
        if message["status"] in WAIT:
            # For a rate, or else because of too much at a time.
            seconds = standing.reset_seconds if standing and standing.refused else 1
            headers.append((b"retry-after", b"%d" % seconds))
        message["headers"] = headers


def _refusal(path: str, error: RateLimitedError) -> Response:
    return refusal_of(error, LEGACY) if path == GRAPHQL else error_response(error)
