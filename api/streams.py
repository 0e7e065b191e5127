"""Answers that last: how many one user may hold open, and how all of them end when the server stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager

from strawberry.types import ExecutionResult

from api.graphql_request import GraphQLRequest
from db.errors import AppError
from schema.build import Schema
from schema.context import Context


class TooManyStreamsError(AppError):
    """One user has as many streams open as one may."""

    code = "RATE_LIMITED"


class Streams:
    """The connections on which answers are streamed now."""

    def __init__(self, *, most_per_user: int) -> None:
        self._most_per_user = most_per_user
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def seat(self, name: str) -> Generator[None]:
        """Count a connection of this user's while it lasts.

        Raises:
            TooManyStreamsError: there are as many as one user may have.
        """
        if self._open[name] >= self._most_per_user:
            raise TooManyStreamsError(
                f"{name} has {self._most_per_user} streams open, which is as many as one user may.",
                hint="Close some; one WebSocket carries many subscriptions.",
            )
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]

    def ended_with_the_server(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """End what would keep the server from stopping."""
        for task in self._tasks:
            task.cancel()


async def results_of(schema: Schema, request: GraphQLRequest, context: Context) -> AsyncGenerator[ExecutionResult]:
    """Run a subscription; errors are presentable. Anything but a subscription is refused as one result."""
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
