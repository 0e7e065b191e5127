"""The event log as those who follow it see it."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from db.control import AlertEvent, AlertEventKind, Severity, alerts
from db.errors import BadInputError
from jobs.alerts import states
from jobs.alerts.cursor import cursor_of, number_of
from jobs.alerts.feed import Feed, TooSlowError
from jobs.alerts.rule import Reading
from tests.jobs.alerts.world import START, World


@pytest.fixture(autouse=True)
async def bounded() -> AsyncIterator[None]:
    async with asyncio.timeout(60):
        yield


@pytest.fixture
def feed(world: World) -> Feed:
    return Feed(world.site.control, poll_seconds=0.01, backlog=20)


async def write(world: World, *names: str, severity: Severity = Severity.WARNING) -> list[str]:
    """Add an entry of each of these names to the log; return their cursors."""
    cursors: list[str] = []
    rule = world.rule("full", severity=severity)
    async with world.site.control.transaction() as session:
        for name in names:
            alert = states.begin(rule, Reading(name, 11), now=START)
            event = await alerts.enter(session, alert, AlertEventKind.FIRED, now=START)
            cursors.append(cursor_of(event.number or 0))
    return cursors


async def take(following: AsyncGenerator[AlertEvent], count: int) -> list[str]:
    return [(await anext(following)).alert["subject"] for _ in range(count)]


async def begun(following: AsyncGenerator[AlertEvent], world: World) -> asyncio.Task[AlertEvent]:
    """Wait for the next event, once the feed has begun to be followed."""
    waiting = asyncio.create_task(anext(following))  # pyright: ignore[reportArgumentType] - it is a coroutine
    await asyncio.sleep(0.05)
    return waiting


async def test_without_a_cursor_it_begins_now(world: World, feed: Feed) -> None:
    await write(world, "before")
    async with aclosing(feed.follow()) as following:
        waiting = await begun(following, world)
        await write(world, "a", "b")

        assert (await waiting).alert["subject"] == "a"
        assert await take(following, 1) == ["b"]


async def test_with_a_cursor_it_tells_what_was_missed_and_goes_on(world: World, feed: Feed) -> None:
    names = [f"missed {number}" for number in range(500)]  # more than one batch, and than may wait
    first, *_ = await write(world, "seen", *names)
    async with aclosing(feed.follow(first)) as following:
        assert await take(following, 500) == names
        await write(world, "live")
        assert await take(following, 1) == ["live"]


async def test_the_cursor_before_all_gives_the_whole_log(world: World, feed: Feed) -> None:
    await write(world, "a")
    async with aclosing(feed.follow(cursor_of(0))) as following:
        assert await take(following, 1) == ["a"]


async def test_only_what_is_severe_enough_is_told(world: World, feed: Feed) -> None:
    async with aclosing(feed.follow(cursor_of(0), [Severity.CRITICAL])) as following:
        await write(world, "missed, mild")
        await write(world, "missed, bad", severity=Severity.CRITICAL)
        assert await take(following, 1) == ["missed, bad"]
        for _ in range(30):  # they take up no room
            await write(world, "mild")
        await write(world, "bad", severity=Severity.CRITICAL)
        assert await take(following, 1) == ["bad"]


async def test_one_who_is_cut_off_at_random_gets_what_was_missed_once_and_in_order(world: World, feed: Feed) -> None:
    chance = random.Random(4)  # noqa: S311 - not a secret
    wanted = [str(number) for number in range(300)]
    (cursor,) = await write(world, "first")
    got: list[str] = []

    async def keep_writing() -> None:
        left = list(wanted)
        while left:
            count = chance.randint(1, 9)
            await write(world, *left[:count])
            del left[:count]
            await asyncio.sleep(chance.random() / 50)

    writing = asyncio.create_task(keep_writing())
    while len(got) < len(wanted):
        async with aclosing(feed.follow(cursor)) as following:
            for _ in range(min(chance.randint(1, 15), len(wanted) - len(got))):
                event = await anext(following)
                got.append(event.alert["subject"])
                cursor = cursor_of(event.number or 0)
        await asyncio.sleep(chance.random() / 20)
    await writing

    assert got == wanted


async def test_one_who_is_slow_is_dropped_with_a_cursor_that_goes_on(world: World, feed: Feed) -> None:
    names = [str(number) for number in range(30)]
    async with aclosing(feed.follow(cursor_of(0))) as slow, aclosing(feed.follow(cursor_of(0))) as quick:
        await write(world, "first")
        assert await take(slow, 1) == await take(quick, 1) == ["first"]
        waiting = [asyncio.create_task(take(each, 1)) for each in (slow, quick)]
        await asyncio.sleep(0.05)
        await write(world, names[0])
        await asyncio.gather(*waiting)
        for name in names[1:]:  # nothing waits for the slow one
            await write(world, name)
            assert await take(quick, 1) == [name]

        with pytest.raises(TooSlowError) as dropped:
            await take(slow, 1)

    cursor = str(dropped.value.hint).split('"')[1]
    async with aclosing(feed.follow(cursor)) as again:
        assert await take(again, 29) == names[1:]


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "äöü", "YWxlcnQtZXZlbnQ6LTE", "YWxlcnQtZXZlbnQ6", "x" * 5000, cursor_of(10**30)]
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadInputError, match="not a cursor"):
        number_of(cursor)


async def test_a_cursor_of_another_log_is_refused(world: World, feed: Feed) -> None:
    await write(world, "a")

    with pytest.raises(BadInputError, match="another event log"):
        await anext(feed.follow(cursor_of(7)))


async def test_a_cursor_that_is_older_than_the_log_is_refused(world: World, feed: Feed) -> None:
    old, _, newest = await write(world, "a", "b", "c")
    async with world.site.control.transaction() as session:
        await alerts.forget(session, before=START.replace(year=2027))

    with pytest.raises(BadInputError, match="no longer kept"):
        await anext(feed.follow(old))
    async with aclosing(feed.follow(newest)) as following:
        await write(world, "d")
        assert await take(following, 1) == ["d"]


async def test_the_log_is_read_while_somebody_follows_it(world: World, feed: Feed) -> None:
    async with aclosing(feed.follow()) as following:
        waiting = await begun(following, world)
        assert feed._tailer is not None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    assert feed._tailer is None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
