"""Writes what is told of alerts: an entry of the event log, and with it what the channels have to deliver."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Alert, AlertEventKind, alerts, deliveries
from jobs.site import Site


async def tell(session: AsyncSession, site: Site, alert: Alert, kind: AlertEventKind, *, now: datetime) -> None:
    if kind in deliveries.TOLD_TO_ALL:
        alert.told_at = now
    event = await alerts.enter(session, alert, kind, now=now)
    await deliveries.enqueue(session, event, site.alerting.channels, now)
