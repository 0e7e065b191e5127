"""Opens the control store, and the only two ways to use it: reading, and a transaction."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import URL, func, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from db import sqlalchemy_engine
from db.address import SCHEMES, name_of
from db.control import file, upgrade
from db.errors import AppError

FILE = "control.sqlite"
# Of PostgreSQL's advisory locks, the one that transactions take; 'yukyu' in bytes.
LOCK = 0x79756B7975


class StoreUnusableError(AppError):
    """The control store cannot be opened."""


class Control:
    """The control store. Processes share it; each opens its own.

    Transactions are one at a time: each takes the store's one lock when it begins,
    so that what it has read cannot change before it commits.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    @asynccontextmanager
    async def open(cls, state_dir: Path, *, url: str | None = None) -> AsyncGenerator[Self]:
        """Open the store of a state directory, or at a URL (libpq's, or `sqlite:///FILE`), making its tables at first.

        Raises:
            StoreVersionError: it has a shape that this version does not know.
            StoreUnusableError: it is out of reach, or damaged.
        """
        engine = engine_of(url) if url else file.engine_of(URL.create("sqlite", database=str(state_dir / FILE)))
        try:
            try:
                await _prepare(engine)
            except sqlalchemy_engine.UNREACHABLE as failure:
                raise _unusable(engine, url, failure) from failure
            yield cls(engine)
        finally:
            # To its end, also for who is cancelled once more meanwhile: its connections have threads of their own.
            await asyncio.shield(engine.dispose())

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """Commit what the block does, or nothing when it raises."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            await _lock(await session.connection(execution_options={"writes": True}))
            yield session
            await _commit(session)


async def _commit(session: AsyncSession) -> None:
    """Commit; what has been begun is ended first where its task is cancelled meanwhile."""
    committing = asyncio.ensure_future(session.commit())
    try:
        await asyncio.shield(committing)
    except asyncio.CancelledError:
        await asyncio.gather(committing, return_exceptions=True)
        raise


async def _prepare(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        async with connection.begin():
            await _lock(connection)
            await connection.run_sync(upgrade.bring_up_to_date)


def _unusable(engine: AsyncEngine, url: str | None, failure: Exception) -> StoreUnusableError:
    is_file = engine.dialect.name == "sqlite"
    # A server is called by host and port: a URL may have a password in its query too.
    place = str(engine.url.database) if is_file or url is None else f"at {name_of(sqlalchemy_engine.libpq(url))}"
    away = "See that its server runs and lets us in; YUKYU_CONTROL_URL says where it is."
    damaged = (
        "See that its disk has room and it can be written to. Where it is damaged, move it away with the files beside "
        "it: backups are found again by their manifests, the audit log and the history of restores are not."
    )
    return StoreUnusableError(
        f"The control store {place} cannot be opened: {sqlalchemy_engine.sentence(failure)}",
        hint=damaged if is_file else away,
    )


async def _lock(connection: AsyncConnection) -> None:
    """Wait for other transactions to end; SQLite has done so already, at BEGIN IMMEDIATE."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def engine_of(url: str) -> AsyncEngine:
    """Return an engine of a URL as people write it, with the driver that we use.

    Raises:
        StoreUnusableError: this is no URL of a PostgreSQL or of an SQLite file. (It is not repeated.)
    """
    kind = url.partition("://")[0].partition("+")[0]
    if kind in SCHEMES:
        return sqlalchemy_engine.create(url, hide_parameters=True)
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise _not_an_address() from error
    if kind != "sqlite":
        raise _not_an_address()
    return file.engine_of(address)


def _not_an_address() -> StoreUnusableError:
    return StoreUnusableError(
        "The control store's address is that of neither a PostgreSQL nor an SQLite file.",
        hint="Write YUKYU_CONTROL_URL as postgresql://user:password@host:port/database, or leave it out.",
    )
