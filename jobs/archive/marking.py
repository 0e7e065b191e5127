"""Commits something every second, so that it is known how far a restore can go even when nobody writes."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg
import structlog

from db.cancelling import pause
from db.cluster.connection import AWAY
from db.cluster.errors import ClusterError
from db.repository import Incarnation, marks, primary
from db.repository.marks import Mark
from jobs.site import Site

log = structlog.get_logger(__name__)


async def keep_marking(site: Site, incarnation: Incarnation, *, interval: timedelta) -> None:
    """Mark a commit every `interval` until cancelled; a primary that is away is tried again at the next."""
    connection: asyncpg.Connection | None = None
    said: str | None = None
    try:
        while True:
            try:
                connection = connection or await primary.connect(site.installation)
                await _mark(incarnation, await primary.beat(connection))
                said = None
            except (*AWAY, ClusterError) as failure:
                await _close(connection)
                connection = None
                reason = str(failure) or type(failure).__name__
                if reason != said:
                    log.warning("no commit can be marked", reason=reason)
                said = reason
            except Exception:
                log.exception("marking failed")
            await pause(interval.total_seconds())
    finally:
        await _close(connection)


async def _mark(incarnation: Incarnation, commit: Mark) -> None:
    live = await asyncio.to_thread(marks.lives, incarnation)
    if not live or live[-1].timeline != commit.timeline:
        # A promotion writes this itself, before anybody may write; here it is the first timeline of all.
        log.info("a timeline has become the live one", timeline=commit.timeline)
        first = Mark(commit.at, commit.timeline, commit.lsn, "live")
        await asyncio.to_thread(marks.append, incarnation, first)
    await asyncio.to_thread(marks.append, incarnation, commit)


async def _close(connection: asyncpg.Connection | None) -> None:
    if connection:
        with suppress(*AWAY):
            await connection.close(timeout=1)
