"""The schedule: asks for operations when they are due, each once, and catches up on what was missed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from db.control import Operation, ledger
from jobs.site import Site

log = structlog.get_logger(__name__)

Request = Callable[[Site], Awaitable[Operation | None]]

# A run that begins late because the machine was busy or asleep is still this run.
GRACE_SECONDS = 3600
BY = "schedule"


@dataclass(frozen=True)
class Scheduled:
    """What is asked for when the trigger says so.

    `catch_up`: a run that was due while no worker was there is asked for once,
    by the next. `at_first`: it is asked for at once where it never was before.
    """

    name: str
    trigger: BaseTrigger
    request: Request
    catch_up: bool
    at_first: bool = False


@asynccontextmanager
async def keeping(site: Site, schedule: Sequence[Scheduled]) -> AsyncGenerator[None]:
    """Catch up, and follow the schedule meanwhile."""
    for entry in schedule:
        await catch_up(site, entry)
    scheduler = AsyncIOScheduler(timezone="UTC")
    for entry in schedule:
        scheduler.add_job(
            _run,
            entry.trigger,
            args=(site, entry),
            id=entry.name,
            coalesce=True,
            misfire_grace_time=GRACE_SECONDS,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


async def catch_up(site: Site, entry: Scheduled) -> None:
    """Ask for the last run that was due and that nobody has asked for."""
    now = site.clock()
    async with site.control.reading() as session:
        last = await ledger.newest(session, entry.name)
    if last is None:
        await _ask(site, entry, due_at=now, ask=entry.at_first)
    elif last.asked_at is None:
        await _ask(site, entry, due_at=last.due_at)
    elif entry.catch_up and (missed := _missed(entry.trigger, since=last.due_at, now=now)):
        await _ask(site, entry, due_at=missed)


def _missed(trigger: BaseTrigger, *, since: datetime, now: datetime) -> datetime | None:
    """Return the last moment after `since` at which the trigger was due."""
    missed: datetime | None = None
    due = trigger.get_next_fire_time(since, since)
    while due is not None and due <= now:
        if due > since:
            missed = due
        due = trigger.get_next_fire_time(due, due)
    return missed


async def _run(site: Site, entry: Scheduled) -> None:
    await _ask(site, entry, due_at=site.clock().replace(microsecond=0))


async def _ask(site: Site, entry: Scheduled, *, due_at: datetime, ask: bool = True) -> None:
    """Ask for a run and enter it in the ledger: before and after, so that a crash between them is noticed."""
    async with site.control.transaction() as session:
        run = await ledger.enter(session, entry.name, due_at=due_at)
        if run.asked_at is not None:
            return
    operation = await _try(site, entry) if ask else None
    async with site.control.transaction() as session:
        run = await ledger.enter(session, entry.name, due_at=due_at)
        await ledger.asked(session, run, operation.id if operation else None, now=site.clock())


async def _try(site: Site, entry: Scheduled) -> Operation | None:
    try:
        operation = await entry.request(site)
    except Exception:
        log.exception("scheduled run failed", job=entry.name)
        return None
    log.info("scheduled run", job=entry.name, operation=operation.id if operation else None)
    return operation
