"""What takes too long is ended, by one timer for all; what ends in time, or is cancelled by others, is left alone."""

import asyncio

import pytest

from db.deadlines import Deadlines, TimeLimits

SHORT, LONG = 0.05, 3600.0
LAST = 9


async def test_a_block_that_takes_too_long_is_a_timeout() -> None:
    limits = TimeLimits(SHORT)

    with pytest.raises(TimeoutError), limits.block():
        await asyncio.sleep(LONG)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert len(limits) == 0


async def test_a_block_that_ends_in_time_is_not() -> None:
    limits = TimeLimits(SHORT)

    with limits.block():
        await asyncio.sleep(0)
    await asyncio.sleep(2 * SHORT)  # the timer comes, and finds nothing

    with pytest.raises(TimeoutError), limits.block():  # and works again
        await asyncio.sleep(LONG)


async def test_who_is_cancelled_by_others_is_cancelled() -> None:
    limits = TimeLimits(LONG)

    task = asyncio.create_task(_work(limits))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(limits) == 0


async def test_a_block_that_is_cancelled_and_late_at_once_is_cancelled() -> None:
    limits = TimeLimits(LONG)

    task = asyncio.create_task(_work(limits))
    await asyncio.sleep(0)
    task.cancel()
    (limit,) = limits._over  # noqa: SLF001 - at the same moment, which no clock gives
    limit.expire()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_its_own() -> None:
    limits = TimeLimits(LONG)

    with pytest.raises(ZeroDivisionError), limits.block():
        raise ZeroDivisionError

    assert len(limits) == 0


async def test_each_is_over_in_its_turn() -> None:
    over: list[int] = []
    done = asyncio.Event()

    def expire(each: int) -> None:
        over.append(each)
        if each == LAST:
            done.set()

    deadlines = Deadlines(SHORT, expire)
    for each in range(LAST + 1):
        deadlines.add(each)
        await asyncio.sleep(0.001)
    deadlines.remove(1)
    deadlines.remove(1)  # is nothing
    await done.wait()

    assert over == [0, *range(2, LAST + 1)]
    assert len(deadlines) == 0


async def _work(limits: TimeLimits) -> None:
    with limits.block():
        await asyncio.sleep(LONG)
