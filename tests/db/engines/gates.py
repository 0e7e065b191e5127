"""Gates: real connections to the real servers, through a door that a test can shut, jam or lead elsewhere."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from urllib.parse import urlsplit

import asyncpg

from db.engines import EngineOptions, EngineRole, Engines

QUICK = EngineOptions(
    probe_interval=timedelta(milliseconds=100),
    probe_timeout=timedelta(milliseconds=700),
    acquire_timeout=timedelta(seconds=1),
    patience=timedelta(seconds=2),
)


class Gate:
    """A port that leads to a server: `url` goes through it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._port = 0

    @property
    def url(self) -> str:
        return self.target.replace(urlsplit(self.target).netloc.rpartition("@")[2], f"127.0.0.1:{self._port}")

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Refuse new connections and break the old ones, as a server that was killed."""
        assert self._server is not None
        self._server.close()
        self.cut()
        self._free.set()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def cut(self) -> None:
        """Break the connections there are."""
        for writer in self._writers:
            writer.transport.abort()

    def jam(self) -> None:
        """Take connections and bytes, and pass nothing on: a server that hangs."""
        self._free.clear()

    def clear(self) -> None:
        self._free.set()

    def lead_to(self, target: str) -> None:
        """Be the address of another server from now on."""
        self.target = target
        self.cut()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        self._writers.add(writer)
        try:
            await self._free.wait()
            parts = urlsplit(self.target)
            there = await asyncio.open_connection(parts.hostname, parts.port)
            self._writers.add(there[1])
            await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
        except OSError:
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._free.wait()
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)


@dataclass
class Pair:
    """Engines over a primary and a replica, each behind a gate."""

    engines: Engines
    primary: Gate
    replica: Gate


async def where(connection: asyncpg.Connection) -> str:
    """Say what kind of server answers."""
    return "standby" if await connection.fetchval("SELECT pg_is_in_recovery()") else "primary"


async def served_by(engines: Engines) -> EngineRole:
    return (await engines.read(where)).served_by
