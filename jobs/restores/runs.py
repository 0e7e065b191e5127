"""The rows that restores are remembered by, and the only ways they change."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import RestoreRun, RestoreState, audit
from db.control import restores as rows
from db.errors import NotFoundError
from db.repository import Incarnation
from jobs.restores.plan import Course
from jobs.restores.target import Target, TargetKind
from jobs.site import Site

ACTION = "restore"

# States in which a run takes up the one place that there is.
OPEN = (
    RestoreState.QUEUED,
    RestoreState.PLANNING,
    RestoreState.RESTORING,
    RestoreState.RECOVERING,
    RestoreState.VERIFYING,
    RestoreState.READY,
    RestoreState.PROMOTING,
    RestoreState.ROLLING_BACK,
)
ENDED = (RestoreState.PROMOTED, RestoreState.ROLLED_BACK, RestoreState.DISCARDED, RestoreState.FAILED)


async def listing(site: Site, *, first: int, after: str | None = None) -> tuple[Sequence[RestoreRun], bool]:
    """Return restores, newest first, those behind the one with the id `after`; and whether there are more."""
    async with site.control.reading() as session:
        found = await rows.newest(session, limit=first + 1, after=after)
    return found[:first], len(found) > first


async def count(site: Site) -> int:
    async with site.control.reading() as session:
        return await rows.count(session)


async def by_id(site: Site, run_id: str) -> RestoreRun | None:
    async with site.control.reading() as session:
        return await rows.by_id(session, run_id)


async def get(site: Site, run_id: str) -> RestoreRun:
    run = await by_id(site, run_id)
    if run is None:
        raise NotFoundError("restore", run_id)
    return run


async def in_states(site: Site, states: Collection[RestoreState]) -> Sequence[RestoreRun]:
    async with site.control.reading() as session:
        return await rows.in_states(session, states)


async def update(site: Site, run_id: str, how: Callable[[RestoreRun], None]) -> RestoreRun:
    """Change a run in a transaction of its own."""
    async with site.control.transaction() as session:
        run = await rows.by_id(session, run_id)
        if run is None:
            raise NotFoundError("restore", run_id)
        change(session, run, how, now=site.clock())
    return run


async def move(
    site: Site, run_id: str, state: RestoreState, how: Callable[[RestoreRun], None] | None = None, **details: object
) -> RestoreRun:
    """Bring a run into another state; the audit log says so."""
    async with site.control.transaction() as session:
        run = await rows.by_id(session, run_id)
        if run is None:
            raise NotFoundError("restore", run_id)
        await enter(session, run, state, how, now=site.clock(), **details)
    return run


async def enter(
    session: AsyncSession,
    run: RestoreRun,
    state: RestoreState,
    how: Callable[[RestoreRun], None] | None = None,
    *,
    now: datetime,
    **details: object,
) -> None:
    """Do what `move` does, in a transaction that does more."""

    def moved(row: RestoreRun) -> None:
        row.state = state
        if state is RestoreState.PLANNING:
            row.started_at = row.started_at or now
        if state in ENDED:
            row.finished_at = now
        if how is not None:
            how(row)

    change(session, run, moved, now=now)
    about = {"target": target_of(run).in_words(), "reason": run.reason, **details}
    who = run.requested_by
    await audit.record(session, who=who, action=ACTION, subject=run.id, result=state, details=about, now=now)


def change(session: AsyncSession, run: RestoreRun, how: Callable[[RestoreRun], None], *, now: datetime) -> None:
    how(run)
    run.version += 1
    run.changed_at = now
    session.add(run)


def target_of(run: RestoreRun) -> Target:
    return Target(TargetKind(run.target_kind), run.target_value)


def course_of(run: RestoreRun) -> Course:
    return Course.read(run.plan)


def incarnation_of(site: Site, run: RestoreRun) -> Incarnation:
    """Return where the WAL and the backups of a planned run are."""
    return site.repository.incarnation(course_of(run).system_identifier)
