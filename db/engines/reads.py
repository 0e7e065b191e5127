"""The connections on which one node answers reads: asyncpg as it is, the thinnest path there is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from db.engines import failures
from db.engines.control import Connected
from db.engines.options import EngineOptions
from db.engines.pool import Pool

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
        self._pool: Pool | None = None

    async def run(
        self, work: Callable[[asyncpg.Connection], Awaitable[T]], *, on_standby: bool, still: Callable[[], bool] | None
    ) -> T:
        """Do the work on one connection, if `still` says so once there is one: a new one may lead to a changed server.

        Raises:
            NodeFailedError: the node could not; the work may be done on another.
            Exception: what the work raised, when the node is not to blame.
        """
        self.active += 1
        try:
            pool = self._pool or self._create()
            connection = pool.take() or await self._acquire(pool)
            interrupted = True
            try:
                if still is not None:
                    _require(still)
                outcome = await work(connection)
                interrupted = False
            except failures.NodeFailedError:
                interrupted = False
                raise
            except Exception as error:
                interrupted = False
                failure = failures.of(error, connection, on_standby=on_standby)
                if failure is None:
                    raise
                raise failure from error
            finally:
                pool.release(connection, interrupted=interrupted)
            return outcome
        finally:
            self.active -= 1

    async def fill(self, work: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        """Open every connection there may be, and do `work` once on each.

        Raises:
            NodeFailedError: the node could not.
        """
        pool = self._pool or self._create()
        opened = await asyncio.gather(
            *(self._acquire(pool) for _ in range(self._options.read_connections)), return_exceptions=True
        )
        connections = [each for each in opened if not isinstance(each, BaseException)]
        await asyncio.gather(*(_work(pool, connection, work) for connection in connections))

    def usage(self) -> PoolUsage:
        size = 0 if self._pool is None else self._pool.size
        in_use = 0 if self._pool is None else size - self._pool.idle
        return PoolUsage(size, in_use, max(0, self.active - in_use), self._options.read_connections)

    @property
    def wait(self) -> float:
        """Return how many seconds reads wait for a connection as things are."""
        return 0.0 if self._pool is None else self._pool.wait

    async def renew(self) -> None:
        """Replace every connection by a new one as it is next asked for; reads under way finish."""
        if self._pool is not None:
            self._pool.expire()

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

    async def _acquire(self, pool: Pool) -> asyncpg.Connection:
        try:
            return await pool.acquire()
        except asyncpg.TooManyConnectionsError as error:
            raise failures.NodeBusyError(failures.sentence(error)) from error
        except TimeoutError as error:
            if pool.size - pool.idle >= self._options.read_connections:
                raise failures.NodeBusyError("All its connections were busy for too long.") from error
            raise failures.NodeSlowError(failures.sentence(error)) from error
        except failures.UNREACHABLE as error:
            raise failures.NodeLostError(failures.sentence(error)) from error

    def _create(self) -> Pool:
        options = self._options
        self._pool = Pool(
            self._connect,
            most=options.read_connections,
            patience=options.acquire_timeout,
            idle_lifetime=options.idle_connection_lifetime,
        )
        return self._pool

    async def _connect(self) -> asyncpg.Connection:
        options = self._options
        connection = await asyncpg.connect(
            self._url,
            timeout=options.connect_timeout.total_seconds(),  # pyright: ignore[reportArgumentType] - guessed from a default
            max_cached_statement_lifetime=0,
            server_settings={
                "application_name": options.application_name,
                "default_transaction_read_only": "on",
                "statement_timeout": f"{options.statement_timeout.total_seconds() * 1000:.0f}",
            },
        )
        try:
            await self._connected(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection


async def _work(pool: Pool, connection: asyncpg.Connection, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Do the work and give the connection back, whatever becomes of the work."""
    interrupted = True
    try:
        outcome = await work(connection)
        interrupted = False
    except Exception:
        interrupted = False
        raise
    finally:
        pool.release(connection, interrupted=interrupted)
    return outcome


def _require(still: Callable[[], bool]) -> None:
    if not still():
        raise failures.NodeBusyError("It came back with less than it had.")
