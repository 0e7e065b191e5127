"""The queue of operations: asked for by the API and the schedule, done by the worker, watched by both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import desc
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.tables import Operation, OperationState

OPEN = (OperationState.QUEUED, OperationState.RUNNING)


async def request(session: AsyncSession, kind: str, arguments: dict[str, Any], *, by: str, now: datetime) -> Operation:
    operation = Operation(
        id=uuid4().hex, kind=kind, arguments=arguments, requested_by=by, requested_at=now, changed_at=now
    )
    session.add(operation)
    await session.flush()
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


async def newest(session: AsyncSession, kinds: Collection[str], *, limit: int) -> Sequence[Operation]:
    statement = (
        select(Operation)
        .where(col(Operation.kind).in_(kinds))
        .order_by(desc(col(Operation.requested_at)), desc(col(Operation.id)))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


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


def _changed(operation: Operation, now: datetime) -> None:
    operation.version += 1
    operation.changed_at = now
