"""Connections are handed on in the order in which they were asked for, whatever becomes of some of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from db.engines.pool import Pool
from tests.conftest import Database

HOUR = timedelta(hours=1)


@pytest.fixture
async def pool(module_database: Database) -> AsyncIterator[Pool]:
    pool = Pool(lambda: asyncpg.connect(module_database.primary_url), most=1, patience=HOUR, idle_lifetime=HOUR)
    yield pool
    pool.terminate()


async def test_whoever_asked_first_has_it_first_and_nobody_comes_between(pool: Pool) -> None:
    held = await pool.acquire()
    order: list[int] = []

    async def wait(number: int) -> None:
        connection = await pool.acquire()
        order.append(number)
        pool.release(connection)

    waiting = []
    for number in range(5):
        waiting.append(asyncio.create_task(wait(number)))
        await asyncio.sleep(0)
    pool.release(held)
    assert pool.take() is None  # it is given already
    await asyncio.gather(*waiting)

    assert order == [0, 1, 2, 3, 4]
    assert (pool.size, pool.idle) == (1, 1)


async def test_who_gives_up_is_passed_over(pool: Pool) -> None:
    held = await pool.acquire()
    first, second = asyncio.create_task(pool.acquire()), asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    pool.release(held)
    first.cancel()  # just as it was given the connection

    assert await second is held


async def test_who_has_waited_too_long_is_told_and_passed_over(module_database: Database) -> None:
    connection = await asyncpg.connect(module_database.primary_url)

    async def given() -> asyncpg.Connection:
        return connection

    pool = Pool(given, most=1, patience=timedelta(seconds=0.05), idle_lifetime=HOUR)
    held = await pool.acquire()

    with pytest.raises(TimeoutError):
        await pool.acquire()

    pool.release(held)
    assert pool.take() is held
    pool.terminate()


async def test_a_place_that_a_broken_connection_leaves_goes_to_who_waits(pool: Pool) -> None:
    held = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    held.terminate()
    pool.release(held)

    another = await waiting
    assert another is not held
    assert pool.size == 1


async def test_a_statement_that_was_cancelled_has_ended_before_the_next_begins(pool: Pool) -> None:
    connection = await pool.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await connection.execute("SELECT pg_sleep(60)")
    pool.release(connection, interrupted=True)

    again = await pool.acquire()
    assert await again.fetchval("SELECT 1") == 1


async def test_an_expired_connection_is_replaced(pool: Pool) -> None:
    old = await pool.acquire()
    pool.expire()
    pool.release(old)

    new = await pool.acquire()
    assert new is not old


async def test_who_waits_for_a_pool_that_ends_is_told(pool: Pool) -> None:
    held = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    pool.terminate()

    with pytest.raises(asyncpg.InterfaceError):
        await waiting
    with pytest.raises(asyncpg.InterfaceError):
        await pool.acquire()
    pool.release(held)
    assert pool.size == 0


async def test_connections_that_nobody_needs_are_closed(module_database: Database) -> None:
    pool = Pool(
        lambda: asyncpg.connect(module_database.primary_url),
        most=2,
        patience=HOUR,
        idle_lifetime=timedelta(seconds=0.05),
    )
    pool.release(await pool.acquire())
    async with asyncio.timeout(30):
        while pool.size:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.02)
    await pool.close()


async def test_how_long_those_waited_who_have_their_turn_is_known_while_many_wait(pool: Pool) -> None:
    held = await pool.acquire()
    waiting = [asyncio.create_task(pool.acquire()) for _ in range(4)]
    await asyncio.sleep(0.05)
    assert pool.wait == 0  # nothing has moved on: a server that hangs is no queue

    pool.release(held)
    await waiting[0]
    assert pool.wait > 0

    for turn in waiting[1:]:
        pool.release(held)
        await turn
    assert pool.wait == 0

    later = [asyncio.create_task(pool.acquire()) for _ in range(4)]
    await asyncio.sleep(0)
    assert pool.wait == 0  # the wait in the queue of before is none in this one
    for turn in later:
        pool.release(held)
        await turn
