"""What the processes that serve the API say of their connections."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.monitor_tables import ApiProcess

# One that has said nothing for so long has gone.
FORGOTTEN = timedelta(minutes=1)


async def report(session: AsyncSession, process: str, pools: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Enter what a process says now, and forget those that have gone."""
    await session.merge(ApiProcess(id=process, seen_at=now, pools=[dict(pool) for pool in pools]))
    await session.exec(delete(ApiProcess).where(col(ApiProcess.seen_at) < now - FORGOTTEN))


async def leave(session: AsyncSession, process: str) -> None:
    await session.exec(delete(ApiProcess).where(col(ApiProcess.id) == process))


async def present(session: AsyncSession, *, now: datetime) -> Sequence[ApiProcess]:
    """Return those that are there, by name."""
    statement = select(ApiProcess).where(col(ApiProcess.seen_at) >= now - FORGOTTEN).order_by(col(ApiProcess.id))
    return (await session.exec(statement)).all()
