"""Connections to one server, handed on in the order in which they were asked for.

asyncpg's own pool lets whoever comes at the right moment go before those who wait, which under load makes some wait for
very long, and wraps every connection and every release in more than the search itself costs.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic

import asyncpg

from db.deadlines import Deadlines

SETTLE_SECONDS = 2.0


class Pool:
    """At most so many connections, opened when there is none free; work must leave nothing in the session.

    Args:
        connect: opens one, ready for work.
        most: how many there may be.
        patience: how long anybody waits for one, and how long opening one may take.
        idle_lifetime: how long one that nobody needs stays open.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        *,
        most: int,
        patience: timedelta,
        idle_lifetime: timedelta,
    ) -> None:
        self._connect = connect
        self._most = most
        self._patience_seconds = patience.total_seconds()
        self._idle_seconds = idle_lifetime.total_seconds()
        # Each open connection with the generation that it belongs to.
        self._open: dict[asyncpg.Connection, int] = {}
        self._generation = 0
        self._opening = 0
        # The one that was used last is used next, so that those that are not needed grow old.
        self._idle: list[tuple[asyncpg.Connection, float]] = []
        # Whoever waits is given a connection, or None: a place to open one in.
        self._waiting: deque[tuple[float, asyncio.Future[asyncpg.Connection | None]]] = deque()
        self._impatient: Deadlines[asyncio.Future[asyncpg.Connection | None]] = Deadlines(
            self._patience_seconds, _give_up
        )
        self._waited = 0.0
        self._closed = False
        self._empty = asyncio.Event()
        self._sweep: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        return len(self._open)

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def wait(self) -> float:
        """Return how many seconds whoever was last given a connection had waited; 0 where few wait."""
        return self._waited if len(self._waiting) > self._most else 0.0

    def take(self) -> asyncpg.Connection | None:
        """Return a connection that is free; None when there is none, and `acquire` would wait or open one."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._dropped(connection)
        return None

    async def acquire(self) -> asyncpg.Connection:
        """Return a connection of one's own, to be released; whoever asked first has it first.

        Raises what the driver raises; TimeoutError when it takes too long; an InterfaceError when the pool is closed.
        """
        if self._closed:
            raise asyncpg.InterfaceError("The pool is closed.")
        if connection := self.take():
            return connection
        if len(self._open) + self._opening < self._most:
            self._opening += 1
            return await self._open_one()
        place: asyncio.Future[asyncpg.Connection | None] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._waited = 0.0  # how long it was in an earlier queue says nothing of this one
        self._waiting.append((monotonic(), place))
        self._impatient.add(place)
        try:
            given = await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:  # it was just given something
                self._pass_on(place.result())
            raise
        finally:
            self._impatient.remove(place)
        return given or await self._open_one()

    def release(self, connection: asyncpg.Connection, *, interrupted: bool = False) -> None:
        """Take a connection back; one that was `interrupted` goes on to others when its statement has ended."""
        if connection not in self._open:  # it was broken off
            return
        if connection.is_closed() or connection.is_in_transaction():
            self._drop(connection)
        elif self._closed or self._open[connection] != self._generation:
            self._later(self._close(connection))
        elif interrupted:
            self._later(self._settle(connection))
        else:
            self._pass_on(connection)

    def expire(self) -> None:
        """Replace every connection by a new one as it is next asked for; work under way is finished."""
        self._generation += 1
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            self._later(self._close(connection))

    def terminate(self) -> None:
        """Break everything off: work under way fails, and so do those who wait."""
        self._end()
        for connection in tuple(self._open):
            self._drop(connection)

    async def close(self) -> None:
        """Close every connection as it is released; returns when none is left."""
        self._end()
        self.expire()
        if self._open or self._opening:
            await self._empty.wait()

    def _end(self) -> None:
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        while self._waiting:
            if not (place := self._waiting.popleft()[1]).done():
                place.set_exception(asyncpg.InterfaceError("The pool is closed."))

    async def _open_one(self) -> asyncpg.Connection:
        """Open a connection in a place that is reserved for it."""
        generation = self._generation
        try:
            async with asyncio.timeout(self._patience_seconds):
                connection = await self._connect()
        except BaseException:
            self._opening -= 1
            self._freed()
            raise
        self._opening -= 1
        self._open[connection] = generation
        if self._closed:
            self._drop(connection)
            raise asyncpg.InterfaceError("The pool is closed.")
        return connection

    def _pass_on(self, connection: asyncpg.Connection | None) -> None:
        """Give a connection, or a place for one, to who has waited longest."""
        while self._waiting:
            since, place = self._waiting.popleft()
            if not place.done():
                self._waited = monotonic() - since
                place.set_result(connection)
                return
        if connection is None:
            self._opening -= 1
            self._freed()
            return
        self._idle.append((connection, monotonic()))
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(self._idle_seconds, self._close_old)

    def _drop(self, connection: asyncpg.Connection) -> None:
        with suppress(Exception):
            connection.terminate()
        self._dropped(connection)

    def _dropped(self, connection: asyncpg.Connection) -> None:
        if self._open.pop(connection, None) is not None:
            self._freed()

    def _freed(self) -> None:
        """There is a place for another connection."""
        if any(not place.done() for _, place in self._waiting):
            self._opening += 1
            self._pass_on(None)
        elif self._closed and not self._open and not self._opening:
            self._empty.set()

    def _close_old(self) -> None:
        self._sweep = None
        oldest = monotonic() - self._idle_seconds
        old = [connection for connection, since in self._idle if since <= oldest]
        self._idle = [each for each in self._idle if each[1] > oldest]
        for connection in old:
            self._later(self._close(connection))
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(self._idle_seconds, self._close_old)

    async def _close(self, connection: asyncpg.Connection) -> None:
        with suppress(Exception):
            async with asyncio.timeout(SETTLE_SECONDS):
                await connection.close()
        self._drop(connection)

    async def _settle(self, connection: asyncpg.Connection) -> None:
        """Wait until the statement that was cancelled has ended: the next on its connection begins only then."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await connection.execute("")
        except Exception:  # noqa: BLE001 - whatever it is, the connection is not to be trusted
            self._drop(connection)
        else:
            self.release(connection)

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _give_up(place: asyncio.Future[asyncpg.Connection | None]) -> None:
    if not place.done():
        place.set_exception(TimeoutError())
