"""The one node that a database file is, behind the interface of the engines over PostgreSQL."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Self, TypeVar, cast

import asyncpg

from db.engines.answer import Answer, EngineRole
from db.engines.engines import Engines
from db.engines.node import Node
from db.engines.options import EngineOptions
from db.engines.standing import Standing
from db.engines.writes import WriteSession
from db.errors import AppError
from db.fallback.address import path_of
from db.fallback.connection import FileConnection
from db.fallback.errors import NeedsPostgresError
from db.fallback.pool import FilePool
from db.lsn import Lsn

T = TypeVar("T")

# More would wait for the processor, not for the disk.
READ_CONNECTIONS: Final = 4

MIGRATED: Final = "SELECT count(*) FROM sqlite_schema WHERE name = 'alembic_version'"
REVISION: Final = "SELECT max(version_num) FROM alembic_version"
VERSION: Final = "SELECT sqlite_version()"


@dataclass(frozen=True, slots=True)
class FileMeasures:
    """What a file says about itself; sizes in bytes, the time of a trivial statement in milliseconds."""

    version: str
    revision: str | None
    latency_ms: float
    size_bytes: int
    wal_bytes: int


class FileNode(Node):
    """The file; its name is the file's, and it has no other."""

    def __init__(self, url: str, options: EngineOptions) -> None:
        self.path = path_of(url)
        self.name = self.path.name
        self.url = url
        self.configured = EngineRole.FALLBACK
        self.options = options
        self.standing = Standing(options)
        self.pool = self.reads = FilePool(self.path, options)

    @property
    def role(self) -> EngineRole:
        return EngineRole.FALLBACK

    async def look(self) -> FileMeasures | None:
        """Look whether it can be read; None where it cannot, and `standing` says why."""
        try:
            measures = await self.pool.ask(self._measure)
        except AppError as failure:
            self.standing.serving = False
            self.standing.fault = " ".join(filter(None, (failure.message, failure.hint)))
            return None
        self.standing.serving, self.standing.fault = True, None
        return measures

    async def _measure(self, connection: FileConnection) -> FileMeasures:
        started = perf_counter()
        version = (await connection.fetch(VERSION))[0][0]
        latency_ms = (perf_counter() - started) * 1000
        migrated = (await connection.fetch(MIGRATED))[0][0]
        revision = (await connection.fetch(REVISION))[0][0] if migrated else None
        return FileMeasures(version, revision, latency_ms, _size(self.path), _size(Path(f"{self.path}-wal")))


class FileEngines(Engines):
    """Reads and writes of a database file. There is nobody behind it, so nothing it answers is ever old."""

    def __init__(self, node: FileNode, options: EngineOptions) -> None:
        self.node = node
        self.nodes = (node,)
        self.options = options

    @classmethod
    @asynccontextmanager
    async def open_file(cls, url: str, *, options: EngineOptions | None = None) -> AsyncGenerator[Self]:
        """Look at the file once; it may not be there yet.

        Raises:
            BadInputError: the address names no file.
        """
        options = options or EngineOptions(read_connections=READ_CONNECTIONS)
        engines = cls(FileNode(url, options), options)
        await engines.recheck()
        try:
            yield engines
        finally:
            await engines.node.pool.close()

    @property
    def primary(self) -> Node | None:
        return self.node

    async def recheck(self) -> None:
        await self.node.look()

    async def warm(self, work: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        """Do nothing: a statement is as fast the first time."""

    async def read(self, work: Callable[[asyncpg.Connection], Awaitable[T]], *, after: Lsn | None = None) -> Answer[T]:
        """Do read-only work; what it is given answers for PostgreSQL as `db.other_store` says.

        Raises:
            DatabaseUnavailableError: the file cannot be read, or the work took too long.
            Exception: what the work raised.
        """

        async def on_file(connection: FileConnection) -> T:
            return await work(cast("asyncpg.Connection", connection))

        del after  # a file is never behind itself
        value = await self.node.pool.ask(on_file)
        if not self.node.standing.serving:
            await self.recheck()
        return Answer(value, EngineRole.FALLBACK, self.node.name, None)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[WriteSession]:
        """Refuse: what writes to a file is in `db.fallback`."""
        self.require_server("Such a transaction needs")
        yield WriteSession()

    def require_server(self, what: str) -> None:
        raise NeedsPostgresError(what)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
