"""How long the last restore took."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import desc
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import RestoreRun, RestoreState

# Restores that came to a good end: promoted ones, and drills, which are thrown away once they are verified.
GOOD = or_(
    col(RestoreRun.state).in_([RestoreState.PROMOTED, RestoreState.ROLLED_BACK]),
    (col(RestoreRun.state) == RestoreState.DISCARDED) & col(RestoreRun.drill) & col(RestoreRun.error).is_(None),
)


async def last(session: AsyncSession) -> tuple[datetime, timedelta] | None:
    """Return when the last good restore or drill ended, and how long its steps took together, waiting left out."""
    statement = (
        select(RestoreRun)
        .where(GOOD, col(RestoreRun.finished_at).is_not(None))
        .order_by(desc(col(RestoreRun.finished_at)))
        .limit(1)
    )
    run = (await session.exec(statement)).first()
    if run is None or run.finished_at is None:
        return None
    return run.finished_at, sum(map(_duration, run.steps), timedelta())


def _duration(step: dict[str, Any]) -> timedelta:
    started, finished = step.get("startedAt"), step.get("finishedAt")
    if not started or not finished:
        return timedelta()
    return datetime.fromisoformat(finished) - datetime.fromisoformat(started)
