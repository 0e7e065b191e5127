"""Baselines in the control store: the last ten."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, desc
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.monitor_tables import Baseline

KEPT: Final = 10


async def add(session: AsyncSession, baseline: Baseline) -> None:
    """Keep a baseline, and forget all but the newest ten."""
    session.add(baseline)
    await session.flush()
    kept = [each.id for each in await newest(session, limit=KEPT)]
    await session.exec(delete(Baseline).where(col(Baseline.id).not_in(kept)))


async def newest(session: AsyncSession, *, limit: int) -> Sequence[Baseline]:
    """Return the last baselines, newest first."""
    statement = select(Baseline).order_by(desc(col(Baseline.taken_at)), desc(col(Baseline.id))).limit(limit)
    return (await session.exec(statement)).all()


async def by_id(session: AsyncSession, baseline_id: str) -> Baseline | None:
    return await session.get(Baseline, baseline_id)
