"""The connections on which a database file is read: each has a thread, so that one long search holds up no other."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiosqlite

from db.engines.options import EngineOptions
from db.engines.reads import PoolUsage, ReadPool
from db.errors import DatabaseUnavailableError
from db.fallback import opening
from db.fallback.connection import FileConnection

T = TypeVar("T")

ROWS_A_STEP = 256


class FilePool(ReadPool):
    """A pool that is empty until somebody reads; connections stay open from then on."""

    def __init__(self, path: Path, options: EngineOptions) -> None:
        self.active = 0
        self._path = path
        self._limits = options
        self._idle: list[FileConnection] = []
        self._connections: set[FileConnection] = set()
        self._places = asyncio.Semaphore(options.read_connections)

    async def ask(self, work: Callable[[FileConnection], Awaitable[T]]) -> T:
        """Do read-only work on one connection.

        Raises:
            DatabaseUnavailableError: the file cannot be read, or the work took too long.
            Exception: what the work raised.
        """
        self.active += 1
        try:
            async with self._connection() as connection, self._in_time(connection):
                try:
                    return await work(connection)
                except (sqlite3.OperationalError, sqlite3.DatabaseError) as failure:
                    if isinstance(failure, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
                        raise
                    raise opening.unusable(self._path, failure) from failure
        finally:
            self.active -= 1

    def usage(self) -> PoolUsage:
        in_use = len(self._connections) - len(self._idle)
        return PoolUsage(len(self._connections), in_use, max(0, self.active - in_use), self._limits.read_connections)

    @property
    def wait(self) -> float:
        """A file tells nothing of that."""
        return 0.0

    async def close(self) -> None:
        opened, self._connections, self._idle = tuple(self._connections), set(), []
        for connection in opened:
            await connection.driver.interrupt()
            await connection.driver.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[FileConnection]:
        async with self._places:
            connection = self._idle.pop() if self._idle else await self._opened()
            try:
                yield connection
            finally:
                if connection in self._connections:
                    self._idle.append(connection)

    @asynccontextmanager
    async def _in_time(self, connection: FileConnection) -> AsyncGenerator[None]:
        """End the statement when its time is up, or when nobody waits for it any more."""
        seconds = self._limits.statement_timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            await connection.driver.interrupt()
            raise DatabaseUnavailableError(
                f"The database did not answer within {seconds:g} seconds.",
                hint="Narrow the search; PostgreSQL is made for as many rows as this.",
            ) from None
        except asyncio.CancelledError:
            await connection.driver.interrupt()
            raise

    async def _opened(self) -> FileConnection:
        driver = await aiosqlite.Connection(lambda: opening.connect(self._path, read_only=True), ROWS_A_STEP)
        connection = FileConnection(driver)
        self._connections.add(connection)
        return connection
