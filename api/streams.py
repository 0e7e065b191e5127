"""Answers that last: how many one user may hold open, and how all of them end when the server stops."""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager

from strawberry.types import ExecutionResult

from api.graphql_request import GraphQLRequest
from api.leftovers import Leftovers
from api.seats import Seats
from schema.build import Schema
from schema.context import Context
from schema.errors import RateLimitedError

MOST_SUBSCRIPTIONS_PER_USER = 100


class TooManyStreamsError(RateLimitedError):
    """One user has as many streams open as one may."""


class Streams:
    """The connections on which answers are streamed now, and the subscriptions that they carry."""

    def __init__(self, *, most_per_user: int, most_subscriptions_per_user: int = MOST_SUBSCRIPTIONS_PER_USER) -> None:
        self._connections = Seats(most_per_user, _too_many_streams)
        self._subscriptions = Seats(most_subscriptions_per_user, _too_many_subscriptions)
        self._tasks: set[asyncio.Task[None]] = set()
        self._leftovers = Leftovers()

    @contextmanager
    def seat(self, name: str) -> Generator[None]:
        """Count a connection of this user's while it lasts.

        Raises:
            TooManyStreamsError: there are as many as one user may have.
        """
        with self._connections.seat(name):
            try:
                yield
            finally:
                self._leftovers.one_ended()

    @contextmanager
    def subscription(self, name: str) -> Generator[None]:
        """Count a subscription of this user's while it lasts.

        Raises:
            TooManyStreamsError: there are as many as one user may have.
        """
        with self._subscriptions.seat(name):
            yield

    @property
    def open(self) -> int:
        """How many connections there are now, of all users."""
        return len(self._connections)

    def ended_with_the_server(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """End what would keep the server from stopping."""
        for task in self._tasks:
            task.cancel()


async def results_of(schema: Schema, request: GraphQLRequest, context: Context) -> AsyncGenerator[ExecutionResult]:
    """Run a subscription; errors are presentable. Anything but a subscription is refused as one result."""
    try:
        source = await schema.subscribe(
            request.query,
            variable_values=request.variables,
            context_value=context,
            operation_name=request.operation_name,
            operation_extensions=request.extensions,
        )
        async with aclosing(source):
            async for result in source:
                yield result
    except asyncio.CancelledError as leaving:
        # SQLAlchemy keeps, in its frame, the exception that goes through it: a circle by which all that hangs on the
        # connection would wait for the garbage collector.
        traceback.clear_frames(leaving.__traceback__)
        raise


def _too_many_streams(name: str, most: int) -> TooManyStreamsError:
    return TooManyStreamsError(
        f"{name} has {most} streams open, which is as many as one user may.",
        hint="Close some; one WebSocket carries many subscriptions.",
    )


def _too_many_subscriptions(name: str, most: int) -> TooManyStreamsError:
    return TooManyStreamsError(
        f"{name} has {most} subscriptions, which is as many as one user may.", hint="End some of them."
    )
