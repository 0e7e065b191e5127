"""Subscriptions as server-sent events, one a request: the distinct connections mode of npm's `graphql-sse`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

import orjson
import structlog
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from api.authentication import Authentication
from api.graphql_request import GraphQLRequest
from api.graphql_response import LEGACY, STREAM, body_of, refusal_of
from api.streams import Streams, TooManyStreamsError, results_of
from db.errors import AppError
from schema.build import Schema
from schema.context import Context
from schema.errors import UNEXPECTED, as_graphql_error
from schema.roles import UnauthenticatedError

log = structlog.get_logger(__name__)

# Shorter than the idle timeouts of proxies; it also finds clients that are gone.
BEAT_SECONDS = 15.0
BEAT, COMPLETE = b":\n\n", b"event: complete\ndata:\n\n"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(Response):
    """The response that lasts until the subscription ends, the token expires, or the client or the server leaves."""

    def __init__(
        self,
        schema: Schema,
        request: GraphQLRequest,
        context: Context,
        streams: Streams,
        authentication: Authentication,
    ) -> None:
        super().__init__()
        self._authentication = authentication
        self._schema, self._request, self._context, self._streams = schema, request, context, streams
        self._results: asyncio.Queue[ExecutionResult | None] = asyncio.Queue()
        self._last: ExecutionResult | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            name = self._context.identity.name
            with self._streams.seat(name), self._streams.subscription(name):
                async with aclosing(self._events()) as events:
                    await StreamingResponse(events, media_type=STREAM, headers=HEADERS)(scope, receive, send)
        except TooManyStreamsError as error:
            await refusal_of(error, LEGACY, status=HTTPStatus.TOO_MANY_REQUESTS)(scope, receive, send)

    async def _events(self) -> AsyncGenerator[bytes]:
        producer = asyncio.create_task(self._produce())
        producer.add_done_callback(lambda _: self._results.put_nowait(None))
        watcher = asyncio.create_task(self._watch())
        self._streams.ended_with_the_server(producer)
        try:
            async for event in self._until_done():
                yield event
            if not producer.cancelled():
                yield COMPLETE
        finally:
            producer.cancel()
            watcher.cancel()
            await asyncio.gather(producer, watcher, return_exceptions=True)

    async def _until_done(self) -> AsyncGenerator[bytes]:
        while True:
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    result = await self._results.get()
            except TimeoutError:
                yield BEAT
                continue
            if result is None:
                return
            yield _next(result)
            if result is self._last:
                return
            self._results.task_done()

    async def _watch(self) -> None:
        """Let the stream end when who follows it no longer counts as who they were."""
        self._last = _failed(UnauthenticatedError(await self._authentication.ended(self._context.identity)))
        self._results.put_nowait(self._last)

    async def _produce(self) -> None:
        """Hand over one result after the other, each when the one before has been sent."""
        try:
            async with aclosing(results_of(self._schema, self._request, self._context)) as results:
                async for result in results:
                    self._results.put_nowait(result)
                    await self._results.join()
        except Exception:
            log.exception("subscription failed")
            self._results.put_nowait(_failed(AppError(UNEXPECTED)))


def _failed(error: AppError) -> ExecutionResult:
    return ExecutionResult(data=None, errors=[as_graphql_error(error)])


def _next(result: ExecutionResult) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(body_of(result)) + b"\n\n"
