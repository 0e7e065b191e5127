"""Snapshots in the control store: as JSON, compressed, and fewer of them the older they are."""

import asyncio
import zlib
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, desc, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.monitor_tables import SnapshotRow
from db.monitoring.snapshot import Snapshot

log = structlog.get_logger(__name__)

SHAPE: Final = TypeAdapter(Snapshot)

# All of the last hour, one a minute of the last day, one every ten minutes before that, and none from before `KEPT`.
EVERY: Final = timedelta(hours=1)
EVERY_MINUTE: Final = timedelta(days=1)
KEPT: Final = timedelta(days=30)
MINUTE_SECONDS, LATER_SECONDS = 60, 600

# Parameters that a statement may have, on SQLite of any age.
AT_ONCE: Final = 500


async def store(session: AsyncSession, snapshot: Snapshot) -> None:
    session.add(SnapshotRow(taken_at=snapshot.taken_at, body=zlib.compress(SHAPE.dump_json(snapshot))))
    await session.flush()


async def newest(session: AsyncSession, *, until: datetime | None = None) -> Snapshot | None:
    """Return the newest snapshot, or the newest that was taken by a moment."""
    statement = select(SnapshotRow).order_by(desc(col(SnapshotRow.taken_at))).limit(1)
    if until is not None:
        statement = statement.where(col(SnapshotRow.taken_at) <= until)
    row = (await session.exec(statement)).first()
    return _snapshot(row) if row else None


async def count(session: AsyncSession, *, since: datetime, until: datetime) -> int:
    statement = select(func.count()).where(col(SnapshotRow.taken_at) >= since, col(SnapshotRow.taken_at) <= until)
    return (await session.exec(statement)).one()


async def spread(session: AsyncSession, *, since: datetime, until: datetime, most: int) -> list[Snapshot]:
    """Return snapshots of a span of time, oldest first; where there are more than `most`, evenly spread ones."""
    within = (col(SnapshotRow.taken_at) >= since, col(SnapshotRow.taken_at) <= until)
    numbers = (await session.exec(select(SnapshotRow.number).where(*within).order_by(col(SnapshotRow.taken_at)))).all()
    step = max(1, -(-len(numbers) // most))
    # From the newest backwards, so that it is among them.
    chosen = select(SnapshotRow).where(col(SnapshotRow.number).in_(numbers[::-1][::step]))
    rows = (await session.exec(chosen.order_by(col(SnapshotRow.taken_at)))).all()
    found = await asyncio.to_thread(lambda: [_snapshot(row) for row in rows])
    return [snapshot for snapshot in found if snapshot is not None]


async def thin(session: AsyncSession, *, now: datetime) -> int:
    """Remove what is not kept any more, and return how many that was. Of each span the first snapshot stays."""
    gone = await session.exec(delete(SnapshotRow).where(col(SnapshotRow.taken_at) < now - KEPT))
    statement = (
        select(SnapshotRow.number, SnapshotRow.taken_at)
        .where(col(SnapshotRow.taken_at) < now - EVERY)
        .order_by(col(SnapshotRow.taken_at))
    )
    spans: set[tuple[int, int]] = set()
    surplus: list[int | None] = []
    for number, taken_at in await session.exec(statement):
        span = _span(taken_at, now)
        if span in spans:
            surplus.append(number)
        spans.add(span)
    for first in range(0, len(surplus), AT_ONCE):
        some = surplus[first : first + AT_ONCE]
        await session.exec(delete(SnapshotRow).where(col(SnapshotRow.number).in_(some)))
    return gone.rowcount + len(surplus)


def _span(taken_at: datetime, now: datetime) -> tuple[int, int]:
    """Return the length of the span of time that keeps one snapshot, and which of them a moment is in."""
    seconds = MINUTE_SECONDS if taken_at >= now - EVERY_MINUTE else LATER_SECONDS
    return seconds, int(taken_at.timestamp()) // seconds


def _snapshot(row: SnapshotRow) -> Snapshot | None:
    """Return None for one that another version of this software wrote in another shape."""
    try:
        return SHAPE.validate_json(zlib.decompress(row.body))
    except (ValidationError, zlib.error) as failure:
        log.warning("a snapshot cannot be read", taken_at=row.taken_at, reason=str(failure).partition("\n")[0])
        return None
