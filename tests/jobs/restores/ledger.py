"""A record, outside the database, of what was committed to it and when: what a restore has to give back exactly."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from random import Random

import asyncpg

from db.cluster.connection import AWAY
from tests.jobs.restores.doing import Restorable, end

TABLE = "CREATE TABLE acknowledged (number int PRIMARY KEY)"
# The timeline is asked for before the row is written: the answer comes with the acknowledgement.
INSERT = """
    INSERT INTO acknowledged (number) VALUES ($1)
    RETURNING ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
"""
NUMBERS = "SELECT number FROM acknowledged"
PAUSE_SECONDS = 0.005


@dataclass
class Entry:
    """One row; `acknowledged` and `timeline` are None for a commit that nobody heard the end of."""

    number: int
    sent: datetime
    acknowledged: datetime | None = None
    timeline: int | None = None


@dataclass
class Ledger:
    found: Restorable
    entries: list[Entry] = field(default_factory=list[Entry])
    # What each timeline began with.
    begun_with: dict[int, frozenset[int]] = field(default_factory=lambda: {1: frozenset()})
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    # What writers met.
    failures: list[Exception] = field(default_factory=list[Exception])

    @asynccontextmanager
    async def writing(self, writers: int = 2) -> AsyncIterator[None]:
        """Commit row after row meanwhile, also while the server is away or becomes another."""
        tasks = [asyncio.create_task(self._write()) for _ in range(writers)]
        try:
            yield
        finally:
            await end(tasks)

    async def _write(self) -> None:
        while True:
            try:
                async with self.found.connected() as connection:
                    while True:
                        await self._write_one(connection)
                        await asyncio.sleep(PAUSE_SECONDS)
            except (*AWAY, asyncpg.PostgresError) as failure:
                self.failures.append(failure)
                await asyncio.sleep(0.05)

    async def _write_one(self, connection: asyncpg.Connection) -> None:
        entry = Entry(next(self.numbers), datetime.now(UTC))
        self.entries.append(entry)
        entry.timeline = await connection.fetchval(INSERT, entry.number, timeout=5)
        entry.acknowledged = datetime.now(UTC)

    def moment(self, random: Random, *, timeline: int | None = None) -> datetime:
        """Draw a moment at which it is certain which timeline was live."""
        heard = sorted((e for e in self.entries if e.acknowledged), key=lambda e: e.sent)
        pairs = [
            (before, after)
            for before, after in pairwise(heard)
            if before.timeline == after.timeline and timeline in {None, before.timeline}
        ]
        before, after = random.choice(pairs)
        return before.sent + random.random() * (after.sent - before.sent)

    def timeline_at(self, moment: datetime) -> int:
        return max((e for e in self.entries if e.timeline and e.sent <= moment), key=lambda e: e.sent).timeline or 0

    def wrong(self, moment: datetime, there: frozenset[int]) -> dict[str, list[int]]:
        """Return what is missing of what was acknowledged before a moment, and what is there and came after it."""
        timeline = self.timeline_at(moment)
        base = self.begun_with[timeline]
        heard = (e for e in self.entries if e.timeline == timeline and e.acknowledged and e.acknowledged <= moment)
        must = base | {entry.number for entry in heard}
        under_way = (e for e in self.entries if e.sent <= moment and e.timeline in {timeline, None})
        may = base | {entry.number for entry in under_way}
        return {"missing": sorted(must - there), "too much": sorted(there - may)}


async def numbers_of(connection: asyncpg.Connection) -> frozenset[int]:
    return frozenset(row["number"] for row in await connection.fetch(NUMBERS))
