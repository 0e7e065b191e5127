"""The alert feed: one reader a process tails the event log, and all who follow it get every entry once, in order."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

import structlog

from db.cancelling import pause
from db.control import AlertEvent, Control, Severity, alerts
from db.errors import AppError, BadInputError
from jobs.alerts.cursor import cursor_of, number_of

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
BATCH = 200
# Entries that wait for one follower; whoever lets more pile up is dropped.
BACKLOG = 256
START_AGAIN = "Ask for `alerts`, and follow without `after`."


class TooSlowError(AppError):
    """A follower did not take what it was told."""

    code = "RATE_LIMITED"


class Feed:
    """The event log as it grows; it is read while anybody follows it."""

    def __init__(self, control: Control, *, poll_seconds: float = POLL_SECONDS, backlog: int = BACKLOG) -> None:
        self._control = control
        self._poll_seconds = poll_seconds
        self._backlog = backlog
        self._followers: set[_Follower] = set()
        self._listening = 0
        self._opening = asyncio.Lock()
        self._tailer: asyncio.Task[None] | None = None
        # The number of the entry that was handed over last.
        self._position = 0

    async def follow(
        self, after: str | None = None, severities: Collection[Severity] = tuple(Severity)
    ) -> AsyncGenerator[AlertEvent]:
        """Yield every entry after a cursor, or from now on, until closed.

        Raises:
            BadInputError: `after` is not a cursor of this log.
            TooSlowError: too many entries wait to be taken; it names the last cursor, to go on from.
        """
        given = None if after is None else await self._number(after)
        async with self._tailing():
            seen = self._position if given is None else given
            while seen < self._position:  # what was missed
                for event in await self._read(seen):
                    seen = event.number or seen
                    if event.severity in severities:
                        yield event
            # Nothing is waited for between that comparison and this, so that no entry can come between.
            follower = _Follower(self._backlog, severities)
            self._followers.add(follower)
            try:
                while True:
                    event = await follower.next(cursor_of(seen))
                    if (event.number or 0) > seen:  # the log is read further than the tailer has got
                        seen = event.number or seen
                        yield event
            finally:
                self._followers.discard(follower)

    async def _number(self, cursor: str) -> int:
        number = number_of(cursor)
        async with self._control.reading() as session:
            oldest, newest = await alerts.extent(session) or (0, 0)
        if number > newest:
            raise BadInputError("This cursor is of another event log.", hint=START_AGAIN)
        if 0 < number < oldest:
            raise BadInputError("What came after this cursor is no longer kept.", hint=START_AGAIN)
        return number

    @asynccontextmanager
    async def _tailing(self) -> AsyncGenerator[None]:
        """See to it that the log is tailed meanwhile."""
        self._listening += 1
        try:
            async with self._opening:
                if self._tailer is None:
                    self._position = await self._newest()
                    self._tailer = asyncio.create_task(self._tail(), name="alert feed")
            yield
        finally:
            self._listening -= 1
            if not self._listening and self._tailer is not None:
                tailer, self._tailer = self._tailer, None
                tailer.cancel()
                # Until it has given its connection back: the store may be closed next.
                await asyncio.gather(tailer, return_exceptions=True)

    async def _tail(self) -> None:
        while True:
            try:
                for event in await self._read(self._position):
                    self._position = event.number or self._position
                    self._hand_over(event)
            except Exception:
                log.exception("event log not read")
            await pause(self._poll_seconds)

    def _hand_over(self, event: AlertEvent) -> None:
        for follower in [each for each in self._followers if not each.takes(event)]:
            self._followers.discard(follower)

    async def _newest(self) -> int:
        async with self._control.reading() as session:
            return (await alerts.extent(session) or (0, 0))[1]

    async def _read(self, number: int) -> list[AlertEvent]:
        async with self._control.reading() as session:
            return list(await alerts.events_after(session, number, limit=BATCH))


class _Follower:
    """What waits for one follower; None is the last thing that one who was dropped gets."""

    def __init__(self, backlog: int, severities: Collection[Severity]) -> None:
        self._waiting: asyncio.Queue[AlertEvent | None] = asyncio.Queue(backlog)
        self._severities = frozenset(severities)

    def takes(self, event: AlertEvent) -> bool:
        """Let an event wait; False when there is no room, and then nothing waits any more."""
        if event.severity not in self._severities:
            return True
        if not self._waiting.full():
            self._waiting.put_nowait(event)
            return True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)
        return False

    async def next(self, last_cursor: str) -> AlertEvent:
        event = await self._waiting.get()
        if event is None:
            raise TooSlowError(
                f"Events were not taken as fast as they came, and this feed was ended after the cursor {last_cursor}.",
                hint=f'Follow again with `after: "{last_cursor}"`; nothing is lost.',
            )
        return event
