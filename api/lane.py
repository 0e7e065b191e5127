"""The short way over HTTP for what is asked most: operations that were seen before, sent by programs that are known.

What a request passes on the general way, from `api.gate` to `api.graphql_endpoint`, it passes here too, in one function
and with the same objects. Whatever is not as usual, before anything was counted or done, is left to the general way: a
page's request with a cookie or an origin, a token that was not seen before, a refusal. Answers are the same to the byte
(`tests/api/test_lane.py`).
"""

import time
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.types import ExecutionResult

from api.credentials import LSN
from api.errors import error_response
from api.gate import GRAPHQL, VISITED, Gate, Headers
from api.graphql_endpoint import SERVED_BY, GraphQLEndpoint, stamped
from api.graphql_request import request_of
from api.graphql_response import CURRENT, LEGACY, answer, body_of, refusal_of
from api.measuring import REFUSED, outcome_of
from api.rates import STANDING, caller
from api.requests import NAME as REQUEST_ID
from api.whole import WHOLE, Whole
from db.control import audit
from db.deadlines import TimeLimits
from db.errors import AppError
from db.lsn import Lsn
from schema.context import Context
from schema.errors import UNEXPECTED
from schema.quick import Quick, Ready
from schema.roles import Identity

log = structlog.get_logger(__name__)

MEDIA_TYPES = {b"application/json": LEGACY, b"*/*": LEGACY, CURRENT.encode(): CURRENT}
JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})
# With these a request may be somebody else's, or its answer another.
UNUSUAL = frozenset({b"cookie", b"origin"})
LSN_HEADER = LSN.encode()
SERVED_BY_HEADER = SERVED_BY.encode()


@dataclass(slots=True)
class Asked:
    """An operation that its caller may run, and how they want it answered."""

    identity: Identity
    caller: str
    context: Context
    ready: Ready
    name: str | None
    media_type: str
    admitted: bool = False


class _RefusedError(Exception):
    """The operation may not run now."""


class Lane:
    """ASGI: answers what it can, where the server hands requests on whole, and leaves all others to `app`."""

    def __init__(self, app: ASGIApp, *, endpoint: GraphQLEndpoint, quick: Quick, gate: Gate) -> None:
        self.app = app
        self.endpoint = endpoint
        self.quick = quick
        self.gate = gate
        self._limits = TimeLimits(endpoint.operation_timeout_seconds)
        # What every answer says, by the scheme of its request.
        self._constant = {scheme: _written(gate.constant(scheme, private=True)) for scheme in ("http", "https")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        whole: Whole | None = scope.get(WHOLE)
        asked = None if whole is None else self._asked(scope, whole)
        if whole is None or asked is None:
            await self.app(scope, receive, send)
            return
        try:
            result = await self._result(asked, scope)
        except _RefusedError:  # which the general way tells: nothing was done or charged
            await self.app(scope, receive, send)
            return
        except AppError as error:
            self.endpoint.operations.count(None, REFUSED, began=began)
            await self._send(refusal_of(error, asked.media_type), scope, receive, send)
            return
        except Exception:
            log.exception("request failed")
            await self._send(error_response(AppError(UNEXPECTED)), scope, receive, send)
            return
        self.endpoint.operations.count(asked.context.operation, outcome_of(result), began=began)
        if result.errors:
            await self._send(stamped(answer(result, asked.media_type), asked.context), scope, receive, send)
        else:
            await self._answer(result, asked, scope, whole)

    def _asked(self, scope: Scope, whole: Whole) -> Asked | None:
        """Return what is asked; None, and nothing was counted, where it does not go this way."""
        if scope["path"] != GRAPHQL or scope["method"] != "POST":
            return None
        endpoint, body = self.endpoint, whole.body
        headers: dict[bytes, bytes] = dict(scope["headers"])
        media_type = MEDIA_TYPES.get(headers.get(b"accept", b"*/*"))
        if (
            body is None
            or len(body) > endpoint.max_request_bytes
            or len(headers) != len(scope["headers"])
            or not UNUSUAL.isdisjoint(headers)
            or media_type is None
            or headers.get(b"content-type") not in JSON
        ):
            return None
        origin = endpoint.authentication.origin_of(scope)
        identity = endpoint.authentication.known(headers.get(b"authorization"), origin)
        if identity is None:
            return None
        try:
            request = request_of(orjson.loads(body), endpoint.documents)
            position = headers.get(LSN_HEADER)
            after = Lsn.parse(position.decode("latin-1")) if position else None
        except (AppError, orjson.JSONDecodeError):
            return None
        context = endpoint.contexts.of(
            identity,
            origin=origin,
            after=after,
            charge=lambda cost: endpoint.admission.rates.charge(scope, identity, cost),
        )
        ready = self.quick.ready(request.query, request.variables, request.operation_name, context)
        if ready is None:
            return None
        return Asked(identity, caller(scope, identity), context, ready, request.operation_name, media_type)

    async def _result(self, asked: Asked, scope: Scope) -> ExecutionResult:
        """Return the result of an operation.

        Raises:
            _RefusedError: it may not run now.
            AppError: it took too long.
        """
        endpoint, context = self.endpoint, asked.context
        try:
            endpoint.admission.rates.visit(scope)
            scope[VISITED] = True
            with endpoint.admission.capacity.seat(asked.identity), endpoint.admission.operations.seat(asked.caller):
                self.quick.admit(asked.ready, context)
                asked.admitted = True
                with audit.asked_from(context.origin), self._limits.block():
                    result = await self.quick.run(asked.ready, context)
        except TimeoutError as error:
            raise endpoint.too_long() from error
        except AppError as error:
            raise (error if asked.admitted else _RefusedError) from error
        context.tell_what_was_read(asked.name)
        return result

    async def _answer(self, result: ExecutionResult, asked: Asked, scope: Scope, whole: Whole) -> None:
        """Send a result without errors, in one piece."""
        body, context = orjson.dumps(body_of(result)), asked.context
        head = b"content-length: %d\r\ncontent-type: %b\r\n" % (len(body), asked.media_type.encode())
        if context.seen is not None:
            head += b"%b: %b\r\n" % (LSN_HEADER, str(context.seen).encode())
        if context.served_by is not None:
            head += b"%b: %b\r\n" % (SERVED_BY_HEADER, context.served_by.lower().encode())
        head += self._constant[scope["scheme"]]
        if STANDING in scope:
            for name, value in scope[STANDING].headers():
                head += b"%b: %b\r\n" % (name.encode(), value.encode())
        await whole.answer(HTTPStatus.OK, head + b"%b: %b\r\n" % (REQUEST_ID, whole.request_id.encode()), body)

    async def _send(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.gate.complete(scope, message)
            await send(message)

        await response(scope, receive, send_completed)


def _written(headers: Headers) -> bytes:
    return b"".join(b"%b: %b\r\n" % each for each in headers)
