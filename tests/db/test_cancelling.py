"""What is cancelled ends as cancelled, whatever fails on its way out."""

import asyncio
import os
import signal

import pytest

from db.cancelling import pause
from db.cluster.connection import connected
from tests.conftest import Database


async def test_work_that_is_cancelled_beside_a_hung_server_ends_as_cancelled(database: Database) -> None:
    backend: list[int] = []
    hung = asyncio.Event()

    async def work() -> None:
        async with connected(database.primary_url, timeout_seconds=1) as connection:
            backend.append(await connection.fetchval("SELECT pg_backend_pid()"))
            os.kill(backend[0], signal.SIGSTOP)
            hung.set()
            await connection.fetchval("SELECT 1", timeout=60)

    working = asyncio.create_task(work())
    try:
        await hung.wait()
        await asyncio.sleep(0)  # it has asked
        working.cancel()
        await asyncio.wait([working])
    finally:
        os.kill(backend[0], signal.SIGCONT)

    assert working.cancelled()


async def test_a_loop_ends_though_its_cancelling_became_another_error() -> None:
    rounds: list[int] = []
    begun = asyncio.Event()

    async def member() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            raise OSError("it does not close")

    async def loop() -> None:
        while True:
            rounds.append(1)
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as members:
                    members.create_task(member())
            await pause(0)

    looping = asyncio.create_task(loop())
    await begun.wait()
    looping.cancel()
    await asyncio.wait([looping])

    assert looping.cancelled()
    assert len(rounds) == 1
