"""One transaction over all six tables, and what can come in its way."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
from sqlalchemy import Table

from db.address import name_of
from db.engines import failures
from db.errors import AppError, DatabaseUnavailableError
from db.fallback import NeedsPostgresError, is_file
from db.transfer.tables import LOCK, PATIENCE, TABLES, TIDY

# What asyncpg raises when there is no server, when it is starting or stopping, and when the connection breaks.
_UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ClientConfigurationError,
)

Writer = asyncpg.Connection

# How long another writer is waited for.
PATIENT = timedelta(seconds=15)

# How often the server hears of a transaction that waits, at least, and three times as often as it wants to.
HEARD_SECONDS = 60.0
MOST_SILENT = "SELECT setting::float / 1000 FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'"
HEARD = "SELECT"


class TablesBusyError(AppError):
    """Somebody else holds the tables."""

    code = "DATABASE_UNAVAILABLE"

    def __init__(self, patience: timedelta) -> None:
        super().__init__(
            f"Another transaction has been writing for {patience.total_seconds():g} seconds; nothing was changed.",
            hint="Run this again when the other import or migration has ended.",
        )


class NotMigratedError(AppError):
    """The tables are not there."""

    code = "BAD_USER_INPUT"

    def __init__(self) -> None:
        super().__init__(
            "The database does not have the tables yet; nothing was changed.", hint="Run `yukyu db upgrade` first."
        )


class NotWritableError(AppError):
    """A replica was addressed."""

    code = "BAD_USER_INPUT"

    def __init__(self) -> None:
        super().__init__(
            "This server is a replica, which cannot be written to; nothing was changed.",
            hint="Give the URL of the primary.",
        )


@asynccontextmanager
async def writing(
    url: str, tables: Sequence[Table] = TABLES, *, patience: timedelta = PATIENT
) -> AsyncGenerator[Writer]:
    """Give a connection inside a transaction that alone writes to the tables: the six, or some in their order.

    Everything is kept when the block ends, nothing when it raises or the process dies.

    Raises:
        DatabaseUnavailableError: the server cannot be reached, or went away.
        TablesBusyError: another writer did not end in time.
        NotMigratedError: the tables are missing.
        NotWritableError: the server is a replica.
    """
    async with connected(url) as connection:
        try:
            async with connection.transaction():
                await connection.execute(PATIENCE, f"{patience / timedelta(milliseconds=1):.0f}ms")
                await connection.execute(LOCK.format(names=", ".join(table.name for table in tables)))
                yield connection
        except asyncpg.LockNotAvailableError as error:
            raise TablesBusyError(patience) from error
        except asyncpg.ReadOnlySQLTransactionError as error:
            raise NotWritableError from error


@asynccontextmanager
async def connected(
    url: str, *, what: str = "Moving data out, comparing it and undoing an import need", hint: str | None = None
) -> AsyncGenerator[asyncpg.Connection]:
    """Give a connection, and say in a sentence what came in its way; `what` is '… needs', for who has a file.

    Raises:
        DatabaseUnavailableError: the server cannot be reached, or went away.
        NotMigratedError: the tables are missing.
        NeedsPostgresError: it is a database file.
    """
    if is_file(url):
        raise NeedsPostgresError(what)
    name = name_of(url)
    try:
        connection: asyncpg.Connection = await asyncpg.connect(url)
        try:
            yield connection
        except asyncpg.InterfaceError as error:
            if connection.is_closed():  # it was, while nothing was asked
                raise ConnectionAbortedError("the server closed the connection, its log says why") from error
            raise
        finally:
            await connection.close(timeout=10)
    except _UNREACHABLE as error:
        raise DatabaseUnavailableError(
            f"The database at {name} could not be reached, or broke off: {failures.sentence(error)}", hint=hint
        ) from error
    except asyncpg.UndefinedTableError as error:
        raise NotMigratedError from error


async def stay(connection: Writer, until: asyncio.Event) -> None:
    """Keep a transaction that has nothing to do meanwhile; the server ends those that it does not hear of."""
    most: float | None = await connection.fetchval(MOST_SILENT)
    seconds = min(HEARD_SECONDS, most / 3) if most else HEARD_SECONDS
    while not until.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until.wait()
        await connection.execute(HEARD)


async def tidy(url: str) -> None:
    """Tidy up after many new rows; what cannot be done now, autovacuum does later."""
    await asyncio.gather(*(_done_if_it_can_be(url, statement) for statement in TIDY))


async def _done_if_it_can_be(url: str, statement: str) -> None:
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection: Writer = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close(timeout=10)
