"""Entries of the audit log that are written in batches, off the path of the requests that they tell of."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from db.control import Control, audit
from db.control.audit import Draft, Origin

log = structlog.get_logger(__name__)

WRITE_EVERY_SECONDS = 1.0
# Their hashes are made between two requests; this many took less than 10 ms.
WRITTEN_AT_ONCE = 100
# What waits while the control store cannot be written to, some 10 MB; more is counted and lost.
MOST_WAITING = 10_000

# Refusals of one kind from one address are one entry, and one more with their number after this time.
COLLAPSED = timedelta(minutes=1)
# So many kinds and addresses have entries of their own in that time; the others share one.
MOST_KINDS = 50
OTHERS = "others"


class Journal:
    """What is to be written. A process that dies loses what it has not written: the last second, as a rule.

    Without a control store, entries go to the server's own log.
    """

    def __init__(self, control: Control | None, *, clock: Callable[[], datetime]) -> None:
        self._control = control
        self._clock = clock
        self._waiting: list[Draft] = []
        self._lost = 0
        self._refusals: dict[tuple[str | None, ...], _Repeated] = {}
        self._writing = asyncio.Lock()

    def note(  # noqa: PLR0913 - the columns of an entry
        self,
        *,
        who: str,
        action: str,
        subject: str = "",
        result: str,
        origin: Origin,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Let an entry be written with the next batch."""
        origin.entries += 1
        self._add(Draft(self._clock(), who, action, subject, result, dict(details or {}), origin.address, origin.token))

    def refused(self, *, who: str, action: str, reason: str, origin: Origin) -> None:
        """Note that somebody was turned away; repeats are counted, so that nobody can fill the disk."""
        origin.entries += 1
        now = self._clock()
        key = (origin.address, who, action, reason)
        if key not in self._refusals and len(self._refusals) >= MOST_KINDS:
            key = (OTHERS,)
        if (repeated := self._refusals.get(key)) is not None:
            repeated.times += 1
            return
        shared = key == (OTHERS,)
        draft = Draft(
            now,
            OTHERS if shared else who,
            "refuse" if shared else action,
            "",
            audit.REFUSED,
            {"reason": "various" if shared else reason},
            None if shared else origin.address,
            None if shared else origin.token,
        )
        self._refusals[key] = _Repeated(draft, until=now + COLLAPSED)
        self._add(draft)

    async def keep_writing(self) -> None:
        """Write until cancelled, and what is left then; a batch that is being written is not cut short."""
        try:
            while True:
                await asyncio.sleep(WRITE_EVERY_SECONDS)
                writing = asyncio.create_task(self._write_guarded())
                await asyncio.shield(writing)
        finally:
            await self.close()

    async def write(self) -> None:
        """Write what waits; what cannot be written now waits on."""
        self._count_repeats(self._clock())
        await self._write()

    async def close(self) -> None:
        """Write all there is, at the end."""
        self._count_repeats(datetime.max.replace(tzinfo=self._clock().tzinfo))
        await self._write()

    async def _write_guarded(self) -> None:
        """Write, and go on living whatever goes wrong."""
        try:
            await self.write()
        except Exception:
            log.exception("audit log not written")

    def _add(self, draft: Draft) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(draft)

    def _count_repeats(self, now: datetime) -> None:
        for key, repeated in list(self._refusals.items()):
            if repeated.until > now:
                continue
            del self._refusals[key]
            if repeated.times:
                details = {**repeated.draft.details, "times": repeated.times}
                self._add(repeated.draft.at_moment(min(now, self._clock()), details))

    async def _write(self) -> None:
        async with self._writing:
            try:
                while self._waiting or self._lost:
                    await self._write_batch()
            except (SQLAlchemyError, OSError) as failure:
                log.error("audit log not written", waiting=len(self._waiting), reason=str(failure))  # noqa: TRY400 - said
            except Exception:
                log.exception("audit log not written", waiting=len(self._waiting))  # and tried again

    async def _write_batch(self) -> None:
        batch, lost = self._waiting[:WRITTEN_AT_ONCE], self._lost
        if lost:
            log.error("entries of the audit log were lost", entries=lost)
            batch.append(Draft(self._clock(), "system", "audit", "", audit.FAILED, {"lost": lost}))
        if self._control is None:
            for draft in batch:
                log.info("audit", **draft.as_dict())
        else:
            async with self._control.transaction() as session:
                await audit.record_all(session, batch)
        del self._waiting[: len(batch) - bool(lost)]
        self._lost -= lost


class _Repeated:
    """A refusal, and how often it was repeated after it was first noted."""

    def __init__(self, draft: Draft, *, until: datetime) -> None:
        self.draft = draft
        self.until = until
        self.times = 0
