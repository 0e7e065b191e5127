"""The ids of revoked tokens in memory, read from the control store every few seconds: asking costs no query."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from db.cancelling import pause
from db.control import Control, revocations

log = structlog.get_logger(__name__)

READ_EVERY_SECONDS = 2.0


class Revoked:
    """What no token may have as its id, or as that of its sign-in.

    While the control store is out of reach, what was last read counts.
    """

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        # Revoked here, and perhaps not yet when the store was last read.
        self._own: frozenset[str] = frozenset()
        self._changed = asyncio.Event()

    def covers(self, ids: Collection[str]) -> bool:
        return not self._ids.isdisjoint(ids)

    def add(self, token_id: str) -> None:
        """Let an id that this process has revoked count at once."""
        self._own |= {token_id}
        self._become(self._ids | {token_id})

    async def wait_for(self, ids: Collection[str]) -> None:
        """Return when one of these ids is revoked."""
        while not self.covers(ids):
            await self._changed.wait()

    async def read(self, control: Control, *, now: datetime) -> None:
        async with control.reading() as session:
            read = await revocations.in_force(session, now=now)
        self._become(read | self._own)
        self._own -= read

    async def keep_reading(self, control: Control, *, clock: Callable[[], datetime]) -> None:
        """Read until cancelled."""
        readable = True
        while True:
            try:
                await self.read(control, now=clock())
                readable = True
            except (SQLAlchemyError, OSError) as failure:
                if readable:
                    log.warning("revoked tokens cannot be read; those known so far count", reason=str(failure))
                readable = False
            await pause(READ_EVERY_SECONDS)

    def _become(self, ids: frozenset[str]) -> None:
        if ids == self._ids:
            return
        self._ids = ids
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
