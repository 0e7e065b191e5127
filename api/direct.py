"""The straight way to the one endpoint that is asked most, past the framework's routing and its layers around it."""

from collections.abc import Awaitable, Callable, Collection

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import error_response
from db.errors import AppError
from schema.errors import UNEXPECTED

log = structlog.get_logger(__name__)


class IndexedHeaders(Headers):
    """A request's headers, decoded once: the endpoint looks at a dozen of them."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._index: dict[str, str] = {}
        for name, value in self._list:
            self._index.setdefault(name.decode("latin-1"), value.decode("latin-1"))

    def __getitem__(self, key: str) -> str:
        return self._index[key.lower()]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._index


class DirectRequest(Request):
    """A request whose headers are indexed."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._headers = IndexedHeaders(scope)


class Direct:
    """ASGI: answers the requests of one path and these methods, and leaves all others to `app`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        path: str,
        methods: Collection[str],
        endpoint: Callable[[Request], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._path = path
        self._methods = methods
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] not in self._methods:
            await self._app(scope, receive, send)
            return
        try:
            response = await self._endpoint(DirectRequest(scope, receive, send))
        except Exception:
            log.exception("request failed")
            response = error_response(AppError(UNEXPECTED))
        await response(scope, receive, send)
