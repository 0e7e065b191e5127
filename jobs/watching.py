"""Follows what is done to a backup or in a restore, from the control store, until it ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Operation, OperationState, RestoreRun, RestoreState, operations
from jobs import backups
from jobs.site import Site

# Changes that follow each other faster are told as one.
POLL_SECONDS = 0.2

OF_BACKUPS = ("backup", "verify-backup")
RESTORE = "restore"
ENDED = (OperationState.SUCCEEDED, OperationState.FAILED)
RESTORE_ENDED = (RestoreState.PROMOTED, RestoreState.ROLLED_BACK, RestoreState.DISCARDED, RestoreState.FAILED)
DONE = 1.0


@dataclass(frozen=True)
class Progress:
    """What is known at a moment; `version` grows with every change."""

    kind: str
    state: str
    progress: float
    message: str
    at: datetime
    version: int
    ended: bool


Look = Callable[[AsyncSession], Awaitable[Progress | None]]


async def watch_backup(site: Site, backup_id: str) -> AsyncGenerator[Progress]:
    """Tell the present state of what is done to a backup at once, and every later one; nothing of an unknown backup."""
    async with site.control.reading() as session:
        verifications = await operations.open_of(session, [OF_BACKUPS[1]])
        operation = next((each for each in verifications if each.arguments.get("backup") == backup_id), None)
        operation = operation or await operations.by_id(session, backup_id)
    if operation is not None and operation.kind in OF_BACKUPS:
        watched = operation.id

        async def look(session: AsyncSession) -> Progress | None:
            found = await operations.by_id(session, watched)
            return _of_operation(found) if found else None

        async for progress in _watch(site, look):
            yield progress
    elif (backup := await backups.by_id(site, backup_id)) is not None:  # taken before this control store was
        yield _of_backup(backup)


async def watch_restore(site: Site, run_id: str) -> AsyncGenerator[Progress]:
    """Tell the present state of a restore at once, and every later one; nothing of an unknown restore."""

    async def look(session: AsyncSession) -> Progress | None:
        found = await session.get(RestoreRun, run_id)
        return _of_run(found) if found else None

    async for progress in _watch(site, look):
        yield progress


async def _watch(site: Site, look: Look) -> AsyncGenerator[Progress]:
    told = -1
    while True:
        async with site.control.reading() as session:
            progress = await look(session)
        if progress is None:
            return
        if progress.version != told:
            told = progress.version
            yield progress
        if progress.ended:
            return
        await asyncio.sleep(POLL_SECONDS)


def _of_operation(operation: Operation) -> Progress:
    return Progress(
        kind=operation.kind,
        state=operation.state,
        progress=operation.progress,
        message=operation.error or operation.message,
        at=operation.changed_at,
        version=operation.version,
        ended=operation.state in ENDED,
    )


def _of_backup(backup: backups.Backup) -> Progress:
    state = OperationState.FAILED if backup.error else OperationState.SUCCEEDED
    at = backup.finished_at or backup.started_at
    return Progress(OF_BACKUPS[0], state, DONE, backup.error or "", at, version=0, ended=True)


def _of_run(run: RestoreRun) -> Progress:
    return Progress(
        kind=RESTORE,
        state=run.state,
        progress=run.progress,
        message=run.error or _message_of(run),
        at=run.changed_at,
        version=run.version,
        ended=run.state in RESTORE_ENDED,
    )


def _message_of(run: RestoreRun) -> str:
    """Return what the step that was begun last says of itself."""
    begun = [step for step in run.steps if step.get("startedAt")]
    return str(begun[-1].get("message") or begun[-1]["name"]) if begun else ""
