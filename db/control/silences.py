"""The rows of silences."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.alert_tables import Silence


async def by_id(session: AsyncSession, silence_id: str) -> Silence | None:
    return await session.get(Silence, silence_id)


async def active(session: AsyncSession, *, now: datetime) -> Sequence[Silence]:
    """Return the silences that hold, the one that ends first at the front."""
    statement = select(Silence).where(col(Silence.until) > now).order_by(col(Silence.until), col(Silence.id))
    return (await session.exec(statement)).all()


async def count_active(session: AsyncSession, *, now: datetime) -> int:
    return (await session.exec(select(func.count()).select_from(Silence).where(col(Silence.until) > now))).one()


async def forget(session: AsyncSession, *, before: datetime) -> None:
    """Remove silences that ended before a moment."""
    await session.exec(delete(Silence).where(col(Silence.until) < before))
