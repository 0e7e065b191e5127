"""The connections on which one node answers reads: asyncpg as it is, the thinnest path there is."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from db.engines import failures
from db.engines.control import Connected
from db.engines.options import EngineOptions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """Connections open, of those in use, reads waiting for one, and the most there may be."""

    size: int
    in_use: int
    waiting: int
    maximum: int


class ReadPool:
    """A pool that is empty until somebody reads, so that a node may be down when it is made.

    Its connections are read-only, on the primary too, and go back without a reset, which would cost a round
    trip: work must leave nothing in the session (SET LOCAL, not SET).
    """

    def __init__(self, url: str, options: EngineOptions, connected: Connected) -> None:
        self.active = 0
        self._url = url
        self._options = options
        self._connected = connected
        self._pool: asyncpg.Pool | None = None

    async def run(
        self, work: Callable[[asyncpg.Connection], Awaitable[T]], *, on_standby: bool, still: Callable[[], bool]
    ) -> T:
        """Do the work on one connection, if `still` says so once there is one: a new one may lead to a changed server.

        Raises:
            NodeFailedError: the node could not; the work may be done on another.
            Exception: what the work raised, when the node is not to blame.
        """
        self.active += 1
        try:
            pool = self._pool or await self._open()
            connection = await self._acquire(pool)
            try:
                _require(still)
                return await work(connection)
            except failures.NodeFailedError:
                raise
            except Exception as error:
                failure = failures.of(error, connection, on_standby=on_standby)
                if failure is None:
                    raise
                raise failure from error
            finally:
                await self._release(pool, connection)
        finally:
            self.active -= 1

    async def fill(self, work: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        """Open every connection there may be, and do `work` once on each.

        Raises:
            NodeFailedError: the node could not.
        """
        pool = self._pool or await self._open()
        opened = await asyncio.gather(
            *(self._acquire(pool) for _ in range(self._options.read_connections)), return_exceptions=True
        )
        connections = [each for each in opened if not isinstance(each, BaseException)]
        try:
            await asyncio.gather(*(work(connection) for connection in connections))
        finally:
            await asyncio.gather(*(self._release(pool, connection) for connection in connections))

    def usage(self) -> PoolUsage:
        size = 0 if self._pool is None else self._pool.get_size()
        in_use = 0 if self._pool is None else size - self._pool.get_idle_size()
        return PoolUsage(size, in_use, max(0, self.active - in_use), self._options.read_connections)

    async def renew(self) -> None:
        """Replace every connection by a new one as it is next asked for; reads under way finish."""
        if self._pool is not None:
            await self._pool.expire_connections()

    def cut(self) -> None:
        """Break off every connection: reads that hang on a dead node fail now and go to another."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(self._options.acquire_timeout.total_seconds()):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    async def _acquire(self, pool: asyncpg.Pool) -> asyncpg.Connection:
        try:
            async with asyncio.timeout(self._options.acquire_timeout.total_seconds()):
                return await pool.acquire()  # pyright: ignore[reportReturnType] - a proxy with all of its methods
        except asyncpg.TooManyConnectionsError as error:
            raise failures.NodeBusyError(failures.sentence(error)) from error
        except TimeoutError as error:
            if pool.get_size() - pool.get_idle_size() >= self._options.read_connections:
                raise failures.NodeBusyError("All its connections were busy for too long.") from error
            raise failures.NodeSlowError(failures.sentence(error)) from error
        except failures.UNREACHABLE as error:
            raise failures.NodeLostError(failures.sentence(error)) from error

    async def _release(self, pool: asyncpg.Pool, connection: asyncpg.Connection) -> None:
        # The pool closes a connection that cannot be given back; the answer it gave before stays good.
        with suppress(*failures.UNREACHABLE):
            await pool.release(connection, timeout=self._options.acquire_timeout.total_seconds())

    async def _open(self) -> asyncpg.Pool:
        options = self._options
        pool = asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=options.read_connections,
            max_inactive_connection_lifetime=options.idle_connection_lifetime.total_seconds(),
            timeout=options.connect_timeout.total_seconds(),
            max_cached_statement_lifetime=0,
            init=self._connected,
            reset=_leave,
            server_settings={
                "application_name": options.application_name,
                "default_transaction_read_only": "on",
                "statement_timeout": f"{options.statement_timeout.total_seconds() * 1000:.0f}",
            },
        )
        self._pool = pool  # before the first await, so that two first reads share it
        await pool
        return pool


def _require(still: Callable[[], bool]) -> None:
    if not still():
        raise failures.NodeBusyError("It came back with less than it had.")


async def _leave(_: asyncpg.Connection) -> None:
    """Take the place of the session reset."""
