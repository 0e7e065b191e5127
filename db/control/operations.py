"""The queue of operations: asked for by the API and the schedule, done by the worker, watched by both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import desc
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import audit
from db.control.tables import Operation, OperationState

OPEN = (OperationState.QUEUED, OperationState.RUNNING)


async def request(  # noqa: PLR0913 - the columns of a row
    session: AsyncSession,
    kind: str,
    arguments: dict[str, Any],
    *,
    by: str,
    now: datetime,
    operation_id: str | None = None,
) -> Operation:
    """Queue an operation, under an id that tells something where one is given; the audit log says who asked."""
    operation = Operation(
        id=operation_id or uuid4().hex,
        kind=kind,
        arguments=arguments,
        requested_by=by,
        requested_at=now,
        changed_at=now,
    )
    session.add(operation)
    await _audit(session, operation, audit.REQUESTED, {"arguments": arguments})
    return operation


async def by_id(session: AsyncSession, operation_id: str) -> Operation | None:
    return await session.get(Operation, operation_id)


async def open_of(session: AsyncSession, kinds: Collection[str]) -> Sequence[Operation]:
    """Return what is queued or under way of these kinds, oldest first."""
    statement = (
        select(Operation)
        .where(col(Operation.kind).in_(kinds), col(Operation.state).in_(OPEN))
        .order_by(col(Operation.requested_at), col(Operation.id))
    )
    return (await session.exec(statement)).all()


async def any_queued(session: AsyncSession, kinds: Collection[str]) -> bool:
    statement = (
        select(Operation.id).where(col(Operation.kind).in_(kinds), Operation.state == OperationState.QUEUED).limit(1)
    )
    return (await session.exec(statement)).first() is not None


async def newest(session: AsyncSession, kinds: Collection[str], *, limit: int) -> Sequence[Operation]:
    statement = (
        select(Operation)
        .where(col(Operation.kind).in_(kinds))
        .order_by(desc(col(Operation.requested_at)), desc(col(Operation.id)))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def take(session: AsyncSession, kinds: Collection[str], *, now: datetime) -> Operation | None:
    """Begin the oldest queued operation of these kinds; None when there is none. Of two who ask, one gets it."""
    statement = (
        select(Operation)
        .where(col(Operation.kind).in_(kinds), Operation.state == OperationState.QUEUED)
        .order_by(col(Operation.requested_at), col(Operation.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    operation = (await session.exec(statement)).first()
    if operation is not None:
        begin(operation, now=now)
        session.add(operation)
    return operation


async def begin_one(session: AsyncSession, operation_id: str, *, now: datetime) -> Operation | None:
    """Begin this operation; None when it is not queued."""
    operation = await session.get(Operation, operation_id, with_for_update=True)
    if operation is None or operation.state != OperationState.QUEUED:
        return None
    begin(operation, now=now)
    session.add(operation)
    return operation


async def requeue(session: AsyncSession, operation_id: str, *, now: datetime) -> None:
    """Put back an operation that its worker was stopped in the middle of."""
    operation = await by_id(session, operation_id)
    if operation is not None and operation.state == OperationState.RUNNING:
        _requeue(operation, "Stopped in the middle; it will be begun again.", now)
        session.add(operation)


async def recover(session: AsyncSession, kinds: Collection[str], *, most_losses: int, now: datetime) -> list[Operation]:
    """Put back what a worker died in; return what is not tried again, for its worker died in it too often.

    Only for who knows that no worker is left.
    """
    given_up: list[Operation] = []
    for operation in await open_of(session, kinds):
        if operation.state != OperationState.RUNNING:
            continue
        operation.losses += 1
        if operation.losses < most_losses:
            _requeue(operation, "The worker died in the middle; it will be begun again.", now)
            session.add(operation)
        else:
            given_up.append(operation)
    return given_up


async def complete(session: AsyncSession, operation_id: str, outcome: dict[str, Any], *, now: datetime) -> None:
    """Let an operation have succeeded, and say so in the audit log."""
    if (operation := await by_id(session, operation_id)) is not None:
        succeed(operation, outcome, now=now)
        session.add(operation)
        await _audit(session, operation, audit.SUCCEEDED, {"outcome": outcome})


async def give_up(session: AsyncSession, operation_id: str, error: str, *, now: datetime) -> None:
    """Let an operation have failed, and say so in the audit log."""
    if (operation := await by_id(session, operation_id)) is not None:
        fail(operation, error, now=now)
        session.add(operation)
        await _audit(session, operation, audit.FAILED, {"error": error})


def begin(operation: Operation, *, now: datetime) -> None:
    operation.state = OperationState.RUNNING
    operation.started_at = operation.started_at or now
    operation.attempts += 1
    _changed(operation, now)


def report(operation: Operation, *, progress: float, message: str, now: datetime) -> None:
    operation.progress = max(0.0, min(1.0, progress))
    operation.message = message
    _changed(operation, now)


def succeed(operation: Operation, outcome: dict[str, Any], *, now: datetime) -> None:
    operation.state = OperationState.SUCCEEDED
    operation.outcome = outcome
    operation.progress = 1.0
    _end(operation, now)


def fail(operation: Operation, error: str, *, now: datetime) -> None:
    operation.state = OperationState.FAILED
    operation.error = error
    _end(operation, now)


def _end(operation: Operation, now: datetime) -> None:
    operation.finished_at = now
    _changed(operation, now)


def _requeue(operation: Operation, message: str, now: datetime) -> None:
    operation.state = OperationState.QUEUED
    operation.message = message
    _changed(operation, now)


async def _audit(session: AsyncSession, operation: Operation, result: str, details: dict[str, Any]) -> None:
    await audit.record(
        session,
        who=operation.requested_by,
        action=operation.kind,
        subject=operation.id,
        result=result,
        details=details,
        now=operation.changed_at,
    )


def _changed(operation: Operation, now: datetime) -> None:
    operation.version += 1
    operation.changed_at = now
