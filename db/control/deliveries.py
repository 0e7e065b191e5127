"""The outbox: what channels still have to tell, written with the event that they tell of."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.alert_tables import AlertEvent, AlertEventKind, Delivery

# Told to every channel; what else becomes of an alert is told where it was told that it fires.
TOLD_TO_ALL = (AlertEventKind.FIRED, AlertEventKind.REPEATED)


async def enqueue(session: AsyncSession, event: AlertEvent, channels: Iterable[str], now: datetime) -> None:
    """Let these channels tell of an event, in the transaction that writes it; the event has its number.

    Of what follows on FIRED only those are told that were told of it, whatever the channels are by now.
    """
    if event.kind not in TOLD_TO_ALL:
        channels = await _told(session, event.alert_id)
    session.add_all(
        Delivery(
            channel=channel,
            event_number=event.number or 0,
            alert_id=event.alert_id,
            group=str(event.alert["rule_key"]),
            created_at=now,
            due_at=now,
        )
        for channel in channels
    )
    await session.flush()


async def _told(session: AsyncSession, alert_id: str) -> list[str]:
    statement = select(Delivery.channel).where(Delivery.alert_id == alert_id).distinct().order_by(col(Delivery.channel))
    return list((await session.exec(statement)).all())
