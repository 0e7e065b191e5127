"""The rows of restores."""

from collections.abc import Collection, Sequence

from sqlalchemy import desc, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.tables import RestoreRun, RestoreState


async def by_id(session: AsyncSession, run_id: str) -> RestoreRun | None:
    return await session.get(RestoreRun, run_id)


async def count(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(RestoreRun))).one()


async def in_states(session: AsyncSession, states: Collection[RestoreState]) -> Sequence[RestoreRun]:
    """Return the runs that are in one of these states, oldest first."""
    statement = (
        select(RestoreRun)
        .where(col(RestoreRun.state).in_(states))
        .order_by(col(RestoreRun.requested_at), col(RestoreRun.id))
    )
    return (await session.exec(statement)).all()


async def newest(session: AsyncSession, *, limit: int, after: str | None = None) -> Sequence[RestoreRun]:
    """Return runs, newest first; those older than the run `after`, which may be none any more."""
    statement = select(RestoreRun).order_by(desc(col(RestoreRun.requested_at)), desc(col(RestoreRun.id))).limit(limit)
    if after is not None:
        last = await by_id(session, after)
        if last is None:
            return []
        statement = statement.where(
            tuple_(col(RestoreRun.requested_at), col(RestoreRun.id)) < tuple_(last.requested_at, last.id)  # pyright: ignore[reportArgumentType] - a pair of values
        )
    return (await session.exec(statement)).all()
