"""The rows of alerts, and the event log of what was told of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, desc, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.alert_tables import Alert, AlertEvent, AlertEventKind, AlertState, Severity


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for: those in one of these states and of one of these severities."""

    states: Collection[AlertState] = tuple(AlertState)
    severities: Collection[Severity] = tuple(Severity)

    def conditions(self) -> list[ColumnElement[bool]]:
        return [col(Alert.state).in_(self.states), col(Alert.severity).in_(self.severities)]


async def by_id(session: AsyncSession, alert_id: str) -> Alert | None:
    """Return an alert; in a transaction it cannot change until that ends."""
    return await session.get(Alert, alert_id)


async def unresolved(session: AsyncSession) -> Sequence[Alert]:
    """Return what is pending or fires, oldest first."""
    statement = select(Alert).where(col(Alert.resolved_at).is_(None)).order_by(col(Alert.started_at), col(Alert.id))
    return (await session.exec(statement)).all()


async def newest(
    session: AsyncSession, wanted: Wanted, *, limit: int, after: tuple[datetime, str] | None = None
) -> Sequence[Alert]:
    """Return alerts by when they began, newest first; `after` is where one that was seen began, and its id."""
    statement = (
        select(Alert)
        .where(*wanted.conditions())
        .order_by(desc(col(Alert.started_at)), desc(col(Alert.id)))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(col(Alert.started_at), col(Alert.id)) < tuple_(*after))  # pyright: ignore[reportArgumentType] - a pair of values
    return (await session.exec(statement)).all()


async def count(session: AsyncSession, wanted: Wanted) -> int:
    return (await session.exec(select(func.count()).select_from(Alert).where(*wanted.conditions()))).one()


async def enter(session: AsyncSession, alert: Alert, kind: AlertEventKind, *, now: datetime) -> AlertEvent:
    """Add an entry to the event log, in the transaction that changes the alert; it gets its number."""
    event = AlertEvent(
        kind=kind, at=now, alert_id=alert.id, severity=alert.severity, alert=alert.model_dump(mode="json")
    )
    session.add(event)
    await session.flush()
    return event


async def events_after(session: AsyncSession, number: int, *, limit: int) -> Sequence[AlertEvent]:
    """Return what comes after an entry of the event log, in order."""
    statement = select(AlertEvent).where(col(AlertEvent.number) > number).order_by(col(AlertEvent.number)).limit(limit)
    return (await session.exec(statement)).all()


async def extent(session: AsyncSession) -> tuple[int, int] | None:
    """Return the numbers of the oldest and the newest entry of the event log; None when there is none."""
    oldest, newest = (await session.exec(select(func.min(AlertEvent.number), func.max(AlertEvent.number)))).one()
    return None if oldest is None or newest is None else (oldest, newest)


async def forget(session: AsyncSession, *, before: datetime) -> None:
    """Remove alerts that were over before a moment, and what was told until then.

    The newest entry of the log stays: by it a cursor is known to be one of this log.
    """
    found = await extent(session)
    if found is not None:
        await session.exec(delete(AlertEvent).where(col(AlertEvent.at) < before, col(AlertEvent.number) < found[1]))
    await session.exec(delete(Alert).where(col(Alert.resolved_at) < before))
