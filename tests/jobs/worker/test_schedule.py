import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from db.control import Operation, ScheduledRun, ledger
from jobs.site import Site
from jobs.worker.schedule import Scheduled, catch_up
from tests.jobs.worker.sites import ask, working

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAILY = CronTrigger(hour=17, minute=0, timezone="UTC")


class Asked:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, site: Site) -> Operation:
        self.times += 1
        return await ask(site, "backup")


@pytest.fixture
def asked() -> Asked:
    return Asked()


def at(site: Site, moment: datetime) -> Site:
    return replace(site, clock=lambda: moment)


async def newest(site: Site) -> ScheduledRun | None:
    async with site.control.reading() as session:
        return await ledger.newest(session, "daily")


async def test_what_was_never_asked_for_is_asked_for_at_once_where_it_should_be(site: Site, asked: Asked) -> None:
    await catch_up(at(site, NOON), Scheduled("daily", DAILY, asked, catch_up=True, at_first=True))

    assert asked.times == 1


async def test_elsewhere_it_waits_for_its_moment(site: Site, asked: Asked) -> None:
    daily = Scheduled("daily", DAILY, asked, catch_up=True)

    await catch_up(at(site, NOON), daily)
    await catch_up(at(site, NOON + timedelta(hours=4)), daily)
    assert asked.times == 0

    await catch_up(at(site, NOON + timedelta(hours=6)), daily)
    assert asked.times == 1


async def test_runs_missed_for_days_are_caught_up_once(site: Site, asked: Asked) -> None:
    daily = Scheduled("daily", DAILY, asked, catch_up=True, at_first=True)
    await catch_up(at(site, NOON), daily)

    for _ in range(2):
        await catch_up(at(site, NOON + timedelta(days=5)), daily)

    assert asked.times == 2
    run = await newest(site)
    assert run is not None
    assert run.due_at == datetime(2026, 11, 26, 17, tzinfo=UTC)


async def test_what_need_not_be_caught_up_is_not(site: Site, asked: Asked) -> None:
    daily = Scheduled("daily", DAILY, asked, catch_up=False)
    await catch_up(at(site, NOON), daily)

    await catch_up(at(site, NOON + timedelta(days=5)), daily)

    assert asked.times == 0


async def test_a_run_that_was_entered_and_not_asked_for_is_asked_for(site: Site, asked: Asked) -> None:
    async with site.control.transaction() as session:
        await ledger.enter(session, "daily", due_at=NOON)

    for _ in range(2):
        await catch_up(at(site, NOON), Scheduled("daily", DAILY, asked, catch_up=False))

    assert asked.times == 1


async def test_a_request_that_fails_does_not_keep_the_worker_from_working(site: Site) -> None:
    async def broken(_: Site) -> Operation:
        raise ValueError

    await catch_up(site, Scheduled("daily", DAILY, broken, catch_up=True, at_first=True))

    run = await newest(site)
    assert run is not None
    assert run.asked_at is not None


async def test_the_worker_asks_when_the_moment_comes(site: Site) -> None:
    asked = asyncio.Event()

    async def request(_: Site) -> None:
        asked.set()

    soon = IntervalTrigger(seconds=1, timezone="UTC")
    async with asyncio.timeout(60), working(site, [], [Scheduled("daily", soon, request, catch_up=False)]):
        await asked.wait()
