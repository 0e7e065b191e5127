"""Transactions on the primary, through SQLAlchemy, and the position of their commits."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakSet

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from db.engines import failures
from db.engines.dial import dial
from db.engines.options import EngineOptions
from db.errors import DatabaseUnavailableError
from db.lsn import Lsn

log = structlog.get_logger(__name__)

# A commit has been flushed before it is acknowledged, so that what is flushed afterwards covers it, and nothing is
# in it that replicas are not sent. (Where the server is told not to wait for the flush, what is inserted covers it.)
COMMIT_LSN: Final = """
    SELECT CASE current_setting('synchronous_commit')
           WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END
"""
READ_ONLY: Final = "25006"


class WriteSession(AsyncSession):
    """A session on the primary; after its transaction `lsn` is a position that includes the commit.

    None until then, and when the server died just after committing.
    """

    lsn: Lsn | None = None


class WritePool:
    """The connections on which one node writes; opened at the first write."""

    def __init__(self, url: str, options: EngineOptions) -> None:
        self._url = url
        self._options = options
        self._engine: AsyncEngine | None = None
        self._open: WeakSet[asyncpg.Connection] = WeakSet()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[WriteSession]:
        """Commit what the block does, or nothing when it raises.

        Raises:
            NodeFailedError: the node cannot be reached, or has no connection free.
            DatabaseUnavailableError: it was lost in the middle, or no longer takes writes.
        """
        connection = await self._connect()
        try:
            async with WriteSession(bind=connection, expire_on_commit=False) as session:
                try:
                    yield session
                except DBAPIError as error:
                    raise _translated(error) from error
                try:
                    await session.commit()
                except DBAPIError as error:
                    raise _translated(error, committing=True) from error
                session.lsn = await _position(connection)
        finally:
            await connection.close()

    async def renew(self) -> None:
        """Replace every connection by a new one as it is next asked for; transactions under way finish."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await self._dispose(engine)

    def cut(self) -> None:
        """Break off every connection: writes that hang on a dead node fail now."""
        for connection in tuple(self._open):
            connection.terminate()

    async def close(self) -> None:
        await self.renew()
        self.cut()

    async def _dispose(self, engine: AsyncEngine) -> None:
        try:
            async with asyncio.timeout(self._options.acquire_timeout.total_seconds()):
                await engine.dispose()
        except TimeoutError:  # a server that hangs does not even hear a goodbye
            self.cut()

    async def _connect(self) -> AsyncConnection:
        if self._engine is None:
            self._engine = self._create()
        try:
            return await self._engine.connect()
        except PoolTimeoutError as error:
            raise failures.NodeBusyError("All its connections were busy for too long.") from error
        except TimeoutError as error:
            raise failures.NodeSlowError(failures.sentence(error)) from error
        except (DBAPIError, *failures.UNREACHABLE) as error:
            raise failures.NodeLostError(failures.sentence(error)) from error

    def _create(self) -> AsyncEngine:
        options = self._options
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._dial,
            pool_size=options.write_connections,
            max_overflow=0,
            pool_timeout=options.acquire_timeout.total_seconds(),
            pool_pre_ping=True,  # a transaction cannot be retried by itself, so its connection is proven first
        )

    async def _dial(self) -> asyncpg.Connection:
        connection = await dial(self._url, self._options)
        self._open.add(connection)
        return connection


def _translated(error: DBAPIError, *, committing: bool = False) -> Exception:
    """Return what to raise instead: the error itself, unless the server is what failed."""
    if getattr(error.orig, "sqlstate", None) == READ_ONLY:
        return DatabaseUnavailableError(
            "The database server takes no writes at the moment.",
            hint="Another server is taking over; try again in a few seconds.",
        )
    if not error.connection_invalidated:
        return error
    if committing:
        return DatabaseUnavailableError(
            "The connection to the database broke while the change was being saved.",
            hint="It may or may not have been saved: look before repeating it.",
        )
    return DatabaseUnavailableError(
        "The connection to the database broke before the change was saved.",
        hint="Nothing was changed; try again in a few seconds.",
    )


async def _position(connection: AsyncConnection) -> Lsn | None:
    """Ask the driver's connection directly: through SQLAlchemy this would be another transaction."""
    try:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)  # noqa: S101 - `_dial` made it
        return Lsn(await driver.fetchval(COMMIT_LSN) or 0)
    except (DBAPIError, *failures.UNREACHABLE):
        log.warning("commit position unknown", reason="The server was lost just after the commit.")
        return None
