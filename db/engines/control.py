"""A node's own connection, on which it is watched: never one of those that answer requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from db.engines.dial import dial
from db.engines.options import EngineOptions

T = TypeVar("T")
Connected = Callable[[asyncpg.Connection], Awaitable[None]]


class Control:
    """Runs one question at a time on a connection that is opened when needed and dropped at the first trouble.

    Dropping it matters: a server that keeps old connections alive but takes no new ones is not well.
    """

    def __init__(self, url: str, options: EngineOptions, connected: Connected, *, purpose: str = "monitor") -> None:
        self._url = url
        self._options = options
        self._purpose = purpose
        self._connected = connected
        self._lock = asyncio.Lock()
        self._connection: asyncpg.Connection | None = None
        self._distrusted = False

    async def ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Return the answer; the caller bounds the time. Raises what the driver raises."""
        async with self._lock:
            if self._distrusted:
                self.drop()
            connection = self._connection
            if connection is None or connection.is_closed():
                self._connection = connection = await self._connect()
            try:
                return await question(connection)
            except BaseException:
                self.drop()
                raise

    def distrust(self) -> None:
        """Use a new connection for the next question; one that is being answered may still be."""
        self._distrusted = True

    def drop(self) -> None:
        """Break the connection off, whatever it is doing."""
        self._distrusted = False
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _connect(self) -> asyncpg.Connection:
        connection = await dial(self._url, self._options, purpose=self._purpose)
        try:
            await self._connected(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection
