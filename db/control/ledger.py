"""The run ledger of the schedule: which runs were due, and which operation each led to."""

from datetime import datetime, timedelta

from sqlalchemy import delete, desc
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.tables import ScheduledRun

KEPT = timedelta(days=30)


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
    """Note that the run was asked for; None when there was nothing to do. Runs of long ago are forgotten."""
    run.asked_at = now
    run.operation_id = operation_id
    session.add(run)
    await session.flush()
    old = delete(ScheduledRun).where(col(ScheduledRun.job) == run.job, col(ScheduledRun.due_at) < run.due_at - KEPT)
    await session.exec(old)
