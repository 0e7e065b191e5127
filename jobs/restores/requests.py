"""Asks the worker for restores, and for what comes after: each asked for once, and declined when it cannot be."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Operation, RestoreRun, RestoreState, audit, operations
from db.control import restores as rows
from jobs.refusal import Refusal
from jobs.restores import kinds, places, rolling_back, runs
from jobs.restores.plan import BESIDE, Plan, plan
from jobs.restores.target import Target
from jobs.site import Site

DRILL = "A drill: whether a restore works, and how long it takes."
# How many operations are looked at for the one about a run.
REMEMBERED = 200
CONFIRMED = "`yukyu restore list` shows them."


async def trigger(  # noqa: PLR0913 - what is said about a restore
    site: Site,
    target: Target,
    *,
    promote: bool,
    reason: str,
    by: str,
    drill: bool = False,
    system_identifier: str | None = None,
) -> RestoreRun | Refusal:
    """Ask for a restore; `promote` goes on by itself once it is verified, otherwise the run waits in READY."""
    found = await plan(site, target, system_identifier=system_identifier)
    async with site.control.transaction() as session:
        refusal = found if isinstance(found, Refusal) else await _another(session)
        if refusal is not None:
            return await _decline(session, kinds.RESTORE, target.in_words(), refusal, by=by)
        now = site.clock()
        run = RestoreRun(
            id=uuid4().hex,
            target_kind=target.kind,
            target_value=target.value,
            promote=promote,
            drill=drill,
            reason=reason,
            requested_by=by,
            requested_at=now,
            changed_at=now,
        )
        if isinstance(found, Plan):
            run.backup_id, run.timeline = found.backup.id, found.timeline
        await runs.enter(session, run, RestoreState.QUEUED, now=now)
        arguments = {"run": run.id} | ({"systemIdentifier": system_identifier} if system_identifier else {})
        await operations.request(session, kinds.RESTORE, arguments, by=by, now=now, operation_id=run.id)
    return run


async def drill(site: Site, *, by: str) -> RestoreRun | Refusal:
    """Ask for a restore to the latest moment that is verified and thrown away."""
    return await trigger(site, Target.latest(), promote=False, reason=DRILL, by=by, drill=True)


async def promote(site: Site, run_id: str, *, by: str) -> RestoreRun | Refusal:
    """Ask for a restore that waits to become the live database."""
    return await _ask(site, kinds.PROMOTE, run_id, _ready, RestoreState.PROMOTING, by=by)


async def discard(site: Site, run_id: str, *, by: str) -> RestoreRun | Refusal:
    """Ask for a restore that waits to be thrown away."""
    return await _ask(site, kinds.DISCARD, run_id, _ready, None, by=by)


async def roll_back(site: Site, run_id: str, *, by: str) -> RestoreRun | Refusal:
    """Ask for the database that was live before a promotion."""

    async def may(session: AsyncSession, run: RestoreRun) -> Refusal | None:
        return await _may_roll_back(site, session, run)

    return await _ask(site, kinds.ROLL_BACK, run_id, may, RestoreState.ROLLING_BACK, by=by)


async def _ask(  # noqa: PLR0913 - what is asked for, of what, under which condition
    site: Site,
    kind: str,
    run_id: str,
    refusal_of: Callable[[AsyncSession, RestoreRun], Awaitable[Refusal | None]],
    state: RestoreState | None,
    *,
    by: str,
) -> RestoreRun | Refusal:
    early = site.refusal(BESIDE) or await _looked_at(site, kind, run_id)
    async with site.control.transaction() as session:
        run = await rows.by_id(session, run_id)
        if run is None and early is not None:
            return await _decline(session, kind, run_id, early, by=by)
        if run is None:
            unknown = Refusal("UNKNOWN_RESTORE", f"There is no restore {run_id}.", hint=CONFIRMED)
            return await _decline(session, kind, run_id, unknown, by=by)
        refusal = early or await refusal_of(session, run) or await _busy(session, run)
        if refusal is not None:
            return await _decline(session, kind, run_id, refusal, by=by)
        await operations.request(session, kind, {"run": run_id}, by=by, now=site.clock())
        if state is not None:
            await runs.enter(session, run, state, _forget_error, now=site.clock(), by=by)
    return run


async def _looked_at(site: Site, kind: str, run_id: str) -> Refusal | None:
    """Look at the live database before any transaction is open: it may take a while."""
    run = await runs.by_id(site, run_id)
    if kind != kinds.ROLL_BACK or run is None or run.state is not RestoreState.PROMOTED:
        return None
    if run.kept_directory is None or places.live_directory(site) != run.directory:
        return None
    what = await rolling_back.committed_since(site, run)
    if what is None:
        return None
    return Refusal("COMMITTED_SINCE", f"Since the promotion {what}.", hint=rolling_back.LATER)


async def _ready(_session: AsyncSession, run: RestoreRun) -> Refusal | None:
    if run.state is RestoreState.READY:
        return None
    return Refusal(
        "NOT_READY",
        f"The restore {run.id} is {run.state}, and only one that is READY can be promoted or discarded.",
        hint="Wait until it is; `yukyu restore show` says how far it is.",
    )


async def _may_roll_back(site: Site, session: AsyncSession, run: RestoreRun) -> Refusal | None:
    if run.state is not RestoreState.PROMOTED:
        return Refusal(
            "NOT_PROMOTED",
            f"The restore {run.id} is {run.state}; only a promoted one can be rolled back.",
            hint=CONFIRMED,
        )
    if places.live_directory(site) != run.directory:
        return Refusal("NOT_LIVE", f"The restore {run.id} is not the live database any more.", hint=rolling_back.LATER)
    if run.kept_directory is None or not site.installation.layout.data_directory(run.kept_directory).exists():
        return Refusal(
            "NOTHING_KEPT", "The database that was live before is not kept any more.", hint=rolling_back.LATER
        )
    return await _another(session)


async def _another(session: AsyncSession) -> Refusal | None:
    """Return why no other restore may begin: they share the disk, and only one can become the live database."""
    others = await rows.in_states(session, runs.OPEN)
    if not others:
        return None
    other = others[0]
    hint = "Promote or discard that one first." if other.state is RestoreState.READY else "Wait until it has ended."
    return Refusal("ANOTHER_RESTORE_RUNNING", f"The restore {other.id} is {other.state}.", hint=hint)


async def _busy(session: AsyncSession, run: RestoreRun) -> Refusal | None:
    waiting = await operations.open_of(session, kinds.ALL)
    if not any(operation.arguments.get("run") == run.id for operation in waiting):
        return None
    return Refusal(
        "BUSY", f"Something is being done with the restore {run.id} already.", hint="Wait until it has ended."
    )


async def _decline(session: AsyncSession, action: str, subject: str, refusal: Refusal, *, by: str) -> Refusal:
    details = {"code": refusal.code, "message": refusal.message}
    await audit.record(session, who=by, action=action, subject=subject, result=audit.REFUSED, details=details)
    return refusal


def _forget_error(run: RestoreRun) -> None:
    run.error = None


async def operation_of(site: Site, run_id: str) -> Operation | None:
    """Return the newest operation that is about a restore."""
    async with site.control.reading() as session:
        known = await operations.newest(session, kinds.ALL, limit=REMEMBERED)
    return next((operation for operation in known if operation.arguments.get("run") == run_id), None)
