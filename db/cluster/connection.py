"""Short connections to servers of ours."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import asyncpg

# What an attempt to reach or ask a server may raise when the server is not well; the last when it dies in mid-answer.
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


@asynccontextmanager
async def connected(url: str, *, timeout_seconds: int = 10) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=timeout_seconds, command_timeout=timeout_seconds)
    try:
        yield connection
    except BaseException:
        with suppress(*AWAY, AssertionError):  # asyncpg's own; why the block ended is what matters
            await connection.close(timeout=timeout_seconds)
        raise
    await connection.close(timeout=timeout_seconds)


def tells_of_damage(failure: BaseException) -> bool:
    """Return whether a server says that its files cannot be read: SQLSTATE classes 58 (system) and XX (internal)."""
    return str(getattr(failure, "sqlstate", ""))[:2] in {"58", "XX"}
