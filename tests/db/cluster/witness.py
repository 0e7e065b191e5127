"""What tests look at and wait for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil

from db.cluster import EmbeddedCluster
from db.cluster.connection import AWAY
from db.cluster.postmaster import Postmaster


@asynccontextmanager
async def connected(url: str | None) -> AsyncIterator[asyncpg.Connection]:
    assert url is not None
    connection = await asyncpg.connect(url, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


async def answer(url: str | None, statement: str, *arguments: object) -> object:
    async with connected(url) as connection:
        return await connection.fetchval(statement, *arguments)


async def eventually(condition: Callable[[], Awaitable[object]], *, seconds: float = 60) -> None:
    """Wait until something becomes true; a server that is away while it is asked does not count against it."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if await condition():
                    return
            except AWAY:
                pass
            await asyncio.sleep(0.05)


def postmaster(cluster: EmbeddedCluster, server: str) -> Postmaster:
    found = Postmaster.find(cluster.layout.data_directory(server))
    assert found is not None
    return found


def processes_of(directory: Path) -> list[psutil.Process]:
    """Return every process that works in a directory or below it."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(directory):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
