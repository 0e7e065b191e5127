"""Brings a database to a schema revision, forward or back.

What imports Alembic (`db.revisions`, and `db.fallback.migrations`) is imported where it is used: most commands that
import this migrate nothing.
"""
# ruff: noqa: PLC0415

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import NullPool

from db import fallback, sqlalchemy_engine
from db.address import name_of
from db.errors import DatabaseUnavailableError

T = TypeVar("T")

# Two processes that start at once take turns; the number is arbitrary and only has to be the same in both.
ONE_AT_A_TIME = text("SELECT pg_advisory_lock(4906001)")


def head(url: str | None = None) -> str:
    """Return the newest revision this code knows: of PostgreSQL, or of what is at the URL."""
    if url is not None and fallback.is_file(url):
        from db.fallback import migrations as of_file

        return of_file.head()
    from db import revisions

    return revisions.head()


def knows(revision: str) -> bool:
    """Return whether a database at this revision can be worked with, or brought to one that can."""
    from db import revisions

    return revisions.knows(revision)


async def upgrade(url: str, revision: str = "head") -> None:
    if fallback.is_file(url):
        from db.fallback import migrations as of_file

        await asyncio.to_thread(of_file.upgrade, fallback.path_of(url), revision)
        return
    from db import revisions

    await _run(url, lambda connection: revisions.upgrade(connection, revision))


async def downgrade(url: str, revision: str) -> None:
    if fallback.is_file(url):
        from db.fallback import migrations as of_file

        await asyncio.to_thread(of_file.downgrade, fallback.path_of(url), revision)
        return
    from db import revisions

    await _run(url, lambda connection: revisions.downgrade(connection, revision))


async def current(url: str) -> str | None:
    """Return the revision the database is at; None where no migration has run."""
    if fallback.is_file(url):
        from db.fallback import migrations as of_file

        return await asyncio.to_thread(of_file.current, fallback.path_of(url))
    from db import revisions

    return await _run(url, revisions.current)


async def drift(url: str) -> list[object]:
    """Return the differences between the tables as declared and as they are; empty when there are none."""
    if fallback.is_file(url):
        from db.fallback import migrations as of_file

        return await asyncio.to_thread(of_file.drift, fallback.path_of(url))
    from db import revisions

    return await _run(url, revisions.drift)


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    name = name_of(url)
    engine = sqlalchemy_engine.create(url, poolclass=NullPool)
    try:
        async with _connected(engine, name) as connection:
            await connection.execute(ONE_AT_A_TIME)
            await connection.commit()
            result = await connection.run_sync(work)
            await connection.commit()
            return result
    finally:
        await engine.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine, name: str) -> AsyncGenerator[AsyncConnection]:
    try:
        connection = await engine.connect()
    except sqlalchemy_engine.UNREACHABLE as failure:
        raise DatabaseUnavailableError(
            f"The database at {name} cannot be used: {sqlalchemy_engine.sentence(failure)}",
            hint="YUKYU_DATABASE_URL says where it is; docs/configuration.md explains what it may say of TLS.",
        ) from failure
    try:
        yield connection
    finally:
        await connection.close()
