"""Empties the outbox: each channel in its own time, until the receiver has taken what is told or never will."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from db.cancelling import pause
from db.control import AlertEvent, Control, Delivery, outbox
from jobs.alerts.channels.channel import Channel, LaterError, RefusedError, Told
from jobs.alerts.notice import Notice
from jobs.alerts.parcels import Item, Parcel, free, parcels
from jobs.alerts.rulebook import Rulebook
from jobs.site import Site

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 2.0
# Of a channel's rows that are looked at together.
MOST = 1000
KEPT = timedelta(days=30)
FORGET_EVERY = timedelta(hours=1)
UNREADABLE = "Its event cannot be read: it was forgotten, or written by another version."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what.

    Args:
        together: for more of the same, before it is told in one message.
        attempt: for a receiver to answer.
        first: before the second attempt; twice as long before each one after it, and `longest` at most.
        given_up: from when it was to be told until it is given up.
        jitter: from 0 to 1, which makes a wait up to a fifth shorter or longer.
    """

    together: timedelta = timedelta(seconds=3)
    attempt: timedelta = timedelta(seconds=20)
    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=15)
    given_up: timedelta = timedelta(hours=24)
    jitter: Callable[[], float] = random.random

    def before(self, attempt: int) -> timedelta:
        """Return the wait after this attempt, from 1."""
        doubled = self.first * 2 ** min(attempt - 1, 30)
        return min(doubled, self.longest) * (0.8 + 0.4 * self.jitter())


DEFAULT = Patience()


async def keep(site: Site, *, patience: Patience = DEFAULT, poll_seconds: float = POLL_SECONDS) -> None:
    """Send what is in the outbox until cancelled; a channel that is down holds no other up."""
    lanes = {channel.name: Lane(site, channel, patience) for channel in site.alerting.told}
    tidied: datetime | None = None
    async with asyncio.TaskGroup() as tasks:
        while True:
            now = site.clock()
            try:
                if tidied is None or now > tidied + FORGET_EVERY:
                    await _tidy(site, now)
                    tidied = now
                async with site.control.reading() as session:
                    due = await outbox.channels_due(session, now=now)
            except Exception as failure:  # noqa: BLE001 - full, locked or away: it is looked at again
                log.warning("outbox not read", reason=str(failure))
                due = set[str]()
            for name in due & lanes.keys():
                lanes[name].start(tasks, now=now)
            await pause(poll_seconds)


async def _tidy(site: Site, now: datetime) -> None:
    async with site.control.transaction() as session:
        await outbox.skip_others(session, site.alerting.channels)
        await outbox.forget(session, before=now - KEPT)


class Lane:
    """One channel's: it tells one message after the other, and pauses where its receiver asks for it."""

    def __init__(self, site: Site, channel: Channel, patience: Patience) -> None:
        self._site = site
        self._channel = channel
        self._patience = patience
        self._wait = patience.together if channel.together else timedelta(0)
        self._paused_until: datetime | None = None
        self._running: asyncio.Task[None] | None = None

    def start(self, tasks: asyncio.TaskGroup, *, now: datetime) -> None:
        """Begin to tell what is due, unless that is under way or the receiver has asked to be left alone."""
        if self._running is not None and not self._running.done():
            return
        if self._paused_until is None or now >= self._paused_until:
            self._running = tasks.create_task(self._run(), name=f"tell by {self._channel.name}")

    async def _run(self) -> None:
        try:
            while await self._tell_next():
                pass
        except Exception:
            log.exception("channel failed", channel=self._channel.name)

    async def _tell_next(self) -> bool:
        """Tell the next message; return False when there is none, or when the channel is in trouble."""
        now = self._site.clock()
        waiting = (parcel for parcel in free(await self._parcels()) if parcel.is_due(now=now, wait=self._wait))
        parcel = next(waiting, None)
        if parcel is None:
            return False
        try:
            told = await self._attempt(parcel)
        except LaterError as error:
            await self._later(parcel, error)
            return False
        except RefusedError as error:
            await self._give_up(parcel, error.message)
        else:
            await self._sent(parcel, told)
        return True

    async def _parcels(self) -> list[Parcel]:
        """Return what is to be told, after putting aside what this channel does not tell of."""
        control, name = self._site.control, self._channel.name
        async with control.reading() as session:
            rows = await outbox.pending(session, name, limit=MOST)
        items: list[Item] = []
        for row, event, fired_in in rows:
            notice = _notice(self._site.rulebook, event, fired_in)
            number = row.number or 0
            if notice is None:
                await _write(control, lambda session, number=number: outbox.give_up(session, [number], UNREADABLE))
            elif notice.kind not in self._channel.kinds:
                reason = f"This channel does not tell of {notice.kind.value}."
                await _write(
                    control, lambda session, number=number, reason=reason: outbox.skip(session, [number], reason)
                )
            else:
                items.append(_item(row, notice))
        if self._channel.together:
            return parcels(items, wait=self._wait)
        return [Parcel([item]) for item in items]

    async def _attempt(self, parcel: Parcel) -> Told:
        try:
            async with asyncio.timeout(self._patience.attempt.total_seconds()):
                return await self._channel.tell(parcel.notices)
        except TimeoutError:
            raise LaterError(f"It took longer than {self._patience.attempt.total_seconds():g} seconds.") from None
        except (LaterError, RefusedError):
            raise
        except Exception as failure:  # a fault of our own must not lose what others could still be told
            log.exception("channel failed", channel=self._channel.name)
            raise LaterError(f"Something went wrong that nobody foresaw: {type(failure).__name__}.") from None

    async def _sent(self, parcel: Parcel, told: Told) -> None:
        await _write(
            self._site.control,
            lambda session: outbox.sent(
                session, parcel.numbers, now=self._site.clock(), message=told.message, remark=told.remark
            ),
        )
        if told.remark:
            log.warning("alert told to some", reason=told.remark, **self._facts(parcel))
        else:
            log.info("alert told", **self._facts(parcel))

    async def _later(self, parcel: Parcel, error: LaterError) -> None:
        """Try again after a while, or give up when that has been done for long enough."""
        now, attempt = self._site.clock(), parcel.attempts + 1
        wait = max(self._patience.before(attempt), error.after or timedelta(0))
        if error.after is not None:
            self._paused_until = now + error.after
        if now + wait > parcel.begun_at + self._patience.given_up:
            await self._give_up(parcel, f"Given up after {attempt} attempts. {error.message}")
            return
        log.warning(
            "alert not told yet",
            reason=error.message,
            attempt=attempt,
            again_in_seconds=round(wait.total_seconds(), 1),
            **self._facts(parcel),
        )
        await _write(
            self._site.control,
            lambda session: outbox.postpone(session, parcel.numbers, until=now + wait, error=error.message),
        )

    async def _give_up(self, parcel: Parcel, reason: str) -> None:
        log.error("alert not told", reason=reason, **self._facts(parcel))
        await _write(self._site.control, lambda session: outbox.give_up(session, parcel.numbers, reason))

    def _facts(self, parcel: Parcel) -> dict[str, object]:
        rule, kind = parcel.key
        return {"channel": self._channel.name, "rule": rule, "kind": kind.value, "alerts": sorted(parcel.alerts)}


def _item(row: Delivery, notice: Notice) -> Item:
    return Item(row.number or 0, row.created_at, row.due_at, row.attempts, notice)


def _notice(rulebook: Rulebook, event: AlertEvent | None, fired_in: str | None) -> Notice | None:
    if event is None:
        return None
    key = str(event.alert.get("rule_key"))
    rule = rulebook.rule(key)
    title, action = (rule.title, rule.action) if rule else (key, "")
    try:
        return Notice.of(event, title=title, action=action, fired_in=fired_in)
    except (KeyError, TypeError, ValueError):
        return None


async def _write(control: Control, change: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Write down what became of a message, however long that cannot be done: else it would be sent over and over."""
    while True:
        try:
            async with control.transaction() as session:
                await change(session)
        except Exception:
            log.exception("outbox not written")
            await pause(RETRY_SECONDS)
        else:
            return
