import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import asyncpg

from db.address import name_of
from db.engines import failures
from db.engines.answer import EngineRole
from db.engines.control import Control
from db.engines.options import EngineOptions
from db.engines.position import Position
from db.engines.reads import ReadPool
from db.engines.standing import Standing
from db.engines.writes import WritePool
from db.errors import DatabaseUnavailableError
from db.lsn import Lsn

T = TypeVar("T")


class Node:
    """One database server: its connections, and what is known of it.

    `configured` is what it is meant to be; `role` what it says it is. `url` has a password in it.
    """

    def __init__(self, url: str, configured: EngineRole, options: EngineOptions) -> None:
        self.name = name_of(url)
        self.url = url
        self.configured = configured
        self.options = options
        self.standing = Standing(options)
        self.control = Control(url, options, self._connected)
        self.position = Position(self.control, options.probe_timeout)
        self.reads = ReadPool(url, options, self._connected)
        self.writes = WritePool(url, options)

    @property
    def role(self) -> EngineRole:
        seen = self.standing.observation
        if seen is None:
            return self.configured
        return EngineRole.REPLICA if seen.in_recovery else EngineRole.PRIMARY

    @property
    def is_up(self) -> bool:
        """Whether it answers reads now."""
        return self.standing.serving

    @property
    def in_recovery(self) -> bool:
        return self.role is EngineRole.REPLICA

    def read(self, work: Callable[[asyncpg.Connection], Awaitable[T]], *, after: Lsn | None) -> Awaitable[T]:
        """Do read-only work here, where `after` has been replayed.

        Raises:
            NodeFailedError: the node failed, or is not at `after` any more.
            Exception: what the work raised.
        """
        still = None if after is None else lambda: self.position.known >= after
        return self.reads.run(work, on_standby=self.in_recovery, still=still)

    async def ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]], *, within: timedelta) -> T:
        """Put a question about the server to it, on the connection it is watched on.

        Raises:
            DatabaseUnavailableError: it did not answer in time.
        """
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self.control.ask(question)
        except failures.UNREACHABLE as error:
            raise DatabaseUnavailableError(f"{self.name} does not answer: {failures.sentence(error)}") from error

    def cut(self) -> None:
        """Break off everything that may hang on this node."""
        self.control.drop()
        self.reads.cut()
        self.writes.cut()

    async def renew(self) -> None:
        """Replace all connections, because the server they lead to has become another."""
        await self.reads.renew()
        await self.writes.renew()

    async def close(self) -> None:
        self.control.drop()
        await self.reads.close()
        await self.writes.close()

    async def _connected(self, connection: asyncpg.Connection) -> None:
        await self.position.join(connection)
