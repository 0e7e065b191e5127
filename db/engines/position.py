"""How far a node is known to be, as a lower bound that is cheap to ask and safe to rely on.

A position only grows while the server lives, but a standby that crashed comes back at an earlier one. Every connection
that will carry a read therefore asks on opening (`join`), and what is known is compared once more when the connection
is there: nothing is read on a promise from a former life. Connections opened before a crash died in it.
"""

import asyncio
from datetime import timedelta
from typing import Final

import asyncpg

from db.engines.control import Control
from db.lsn import Lsn

LSN: Final = """
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END
"""

FIRST_PAUSE_SECONDS: Final = 0.000_2
LONGEST_PAUSE_SECONDS: Final = 0.01


class Position:
    def __init__(self, control: Control, patience: timedelta) -> None:
        self.known = Lsn(0)
        self._control = control
        self._patience = patience.total_seconds()
        self._flight: asyncio.Task[None] | None = None

    def advance(self, lsn: Lsn) -> None:
        self.known = max(self.known, lsn)

    async def join(self, connection: asyncpg.Connection) -> None:
        """Ask on a connection just opened; forget what was known when this server is not that far (any more)."""
        before = self.known
        lsn = await _ask(connection)
        if lsn < before:
            self._control.drop()
            self.known = lsn
        else:
            self.advance(lsn)

    async def refresh(self) -> None:
        """Ask the node, together with everybody who is asking already; raises what the driver raises."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly())
            self._flight.add_done_callback(_hear)
        await asyncio.shield(self._flight)

    async def reach(self, lsn: Lsn) -> None:
        """Ask until the node is at `lsn`; the caller bounds the time."""
        pause = FIRST_PAUSE_SECONDS
        while self.known < lsn:
            await asyncio.sleep(pause)
            await self.refresh()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _fly(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                self.advance(await self._control.ask(_ask))
        finally:
            self._flight = None


def _hear(flight: asyncio.Task[None]) -> None:
    """Take note of the outcome, for everybody who asked may have given up."""
    if not flight.cancelled():
        flight.exception()


async def _ask(connection: asyncpg.Connection) -> Lsn:
    return Lsn(await connection.fetchval(LSN) or 0)
