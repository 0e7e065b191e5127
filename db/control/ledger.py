"""The run ledger of the schedule: which runs were due, and which operation each led to."""

from datetime import datetime

from sqlalchemy import desc
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.tables import ScheduledRun


async def newest(session: AsyncSession, job: str) -> ScheduledRun | None:
    statement = select(ScheduledRun).where(ScheduledRun.job == job).order_by(desc(col(ScheduledRun.due_at))).limit(1)
    return (await session.exec(statement)).first()


async def enter(session: AsyncSession, job: str, *, due_at: datetime) -> ScheduledRun:
    """Return the run of a job that was due at a moment, entering it when it is not there yet."""
    statement = select(ScheduledRun).where(ScheduledRun.job == job, ScheduledRun.due_at == due_at)
    run = (await session.exec(statement)).first()
    if run is None:
        run = ScheduledRun(job=job, due_at=due_at)
        session.add(run)
        await session.flush()
    return run


async def asked(session: AsyncSession, run: ScheduledRun, operation_id: str | None, *, now: datetime) -> None:
    """Note that the run was asked for; None when there was nothing to do."""
    run.asked_at = now
    run.operation_id = operation_id
    session.add(run)
    await session.flush()
