"""The outbox as its sender sees it: what is still to be told by which channel, and what became of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, desc, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.alert_tables import AlertEvent, AlertEventKind, Delivery, DeliveryState

NOT_CONFIGURED = "The channel is not configured any more."


async def channels_due(session: AsyncSession, *, now: datetime) -> set[str]:
    """Return the channels that have something to tell."""
    statement = (
        select(Delivery.channel).where(Delivery.state == DeliveryState.PENDING, Delivery.due_at <= now).distinct()
    )
    return set((await session.exec(statement)).all())


async def pending(
    session: AsyncSession, channel: str, *, limit: int
) -> Sequence[tuple[Delivery, AlertEvent | None, str | None]]:
    """Return what a channel has not told yet, in the order of the events, due or not.

    With each its event, None where the log has forgotten it, and the message
    in which this channel told that the alert fired, where there was one.
    """
    firsts = (
        select(Delivery.alert_id, func.min(Delivery.message).label("message"))
        .join(AlertEvent, col(AlertEvent.number) == Delivery.event_number)
        .where(Delivery.channel == channel, AlertEvent.kind == AlertEventKind.FIRED, col(Delivery.message).is_not(None))
        .group_by(Delivery.alert_id)
        .subquery()
    )
    statement = (
        select(Delivery, AlertEvent, firsts.c.message)
        .outerjoin(AlertEvent, col(AlertEvent.number) == Delivery.event_number)
        .outerjoin(firsts, firsts.c.alert_id == Delivery.alert_id)
        .where(Delivery.channel == channel, Delivery.state == DeliveryState.PENDING)
        .order_by(col(Delivery.event_number))
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in (await session.exec(statement)).all()]


async def sent(
    session: AsyncSession, numbers: Collection[int], *, now: datetime, message: str | None, remark: str | None
) -> None:
    await _change(session, numbers, state=DeliveryState.SENT, sent_at=now, message=message, error=remark)


async def postpone(session: AsyncSession, numbers: Collection[int], *, until: datetime, error: str) -> None:
    await _change(session, numbers, due_at=until, error=error)


async def give_up(session: AsyncSession, numbers: Collection[int], error: str) -> None:
    await _change(session, numbers, state=DeliveryState.FAILED, error=error)


async def skip(session: AsyncSession, numbers: Collection[int], reason: str) -> None:
    await _change(session, numbers, attempts=0, state=DeliveryState.SKIPPED, error=reason)


async def skip_others(session: AsyncSession, channels: Collection[str]) -> None:
    """Let what is for none of these channels not be told."""
    statement = (
        update(Delivery)
        .where(col(Delivery.state) == DeliveryState.PENDING, col(Delivery.channel).not_in(channels))
        .values(state=DeliveryState.SKIPPED, error=NOT_CONFIGURED)
    )
    await session.exec(statement)


async def newest(session: AsyncSession, *, limit: int, states: Collection[DeliveryState] = ()) -> Sequence[Delivery]:
    """Return the last deliveries, newest first; only those in some states where any are given."""
    statement = select(Delivery).order_by(desc(col(Delivery.number))).limit(limit)
    if states:
        statement = statement.where(col(Delivery.state).in_(states))
    return (await session.exec(statement)).all()


async def counts(session: AsyncSession) -> dict[tuple[str, DeliveryState], int]:
    """Return how many deliveries are in each state, by channel."""
    statement = select(Delivery.channel, Delivery.state, func.count()).group_by(Delivery.channel, col(Delivery.state))
    return {(channel, DeliveryState(state)): count for channel, state, count in (await session.exec(statement)).all()}


async def forget(session: AsyncSession, *, before: datetime) -> None:
    """Remove what became of deliveries of long ago."""
    statement = delete(Delivery).where(col(Delivery.created_at) < before, col(Delivery.state) != DeliveryState.PENDING)
    await session.exec(statement)


async def _change(session: AsyncSession, numbers: Collection[int], **values: Any) -> None:  # noqa: ANN401 - the columns' types
    """Change these rows, as long as nothing has become of them; each attempt is counted."""
    counted = {"attempts": Delivery.attempts + 1} | values
    statement = (
        update(Delivery)
        .where(col(Delivery.number).in_(numbers), col(Delivery.state) == DeliveryState.PENDING)
        .values(**counted)
    )
    await session.exec(statement)
