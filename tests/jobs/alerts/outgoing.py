"""Alerts that fire and end, as the evaluation writes them, and a sender that is in a hurry."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from db.control import Alert, AlertEventKind, AlertState, Delivery, DeliveryState, Severity, outbox
from jobs.alerts import sending
from jobs.alerts.alerting import Alerting
from jobs.alerts.channels.channel import Channel
from jobs.alerts.sending import Patience
from jobs.alerts.telling import tell
from jobs.site import Site

HURRY = Patience(together=timedelta(seconds=0.3), first=timedelta(seconds=0.1), longest=timedelta(seconds=0.4))
ENDED = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SKIPPED}


def with_channels(site: Site, *channels: Channel) -> Site:
    return replace(site, alerting=Alerting(channels))


def an_alert(site: Site, number: int = 1, *, rule_key: str = "primary-down", subject: str | None = None) -> Alert:
    now = site.clock()
    return Alert(
        id=f"alert{number}",
        rule_key=rule_key,
        subject=subject or ("database" if number == 1 else f"public.t{number}"),
        severity=Severity.CRITICAL,
        state=AlertState.FIRING,
        summary=f"No server takes writes <{number}>.",
        value=1,
        threshold=0,
        unit="servers",
        started_at=now,
        seen_at=now,
        fired_at=now,
    )


async def put(site: Site, alerts: Sequence[Alert], *kinds: AlertEventKind) -> None:
    """Write events of each kind about each alert, with what the channels have to tell of them."""
    async with site.control.transaction() as session:
        for kind in kinds or (AlertEventKind.FIRED,):
            for alert in alerts:
                if kind is AlertEventKind.ACKNOWLEDGED:
                    alert.acknowledged_by = "aiko"
                await tell(session, site, alert, kind, now=site.clock())


@asynccontextmanager
async def sending_now(site: Site, patience: Patience = HURRY) -> AsyncGenerator[None]:
    keeper = asyncio.create_task(sending.keep(site, patience=patience, poll_seconds=0.05))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def rows(site: Site) -> list[Delivery]:
    """Return all deliveries, oldest first."""
    async with site.control.reading() as session:
        return list(reversed(await outbox.newest(session, limit=1000)))


async def all_ended(site: Site, *, seconds: float = 60) -> list[Delivery]:
    found: list[Delivery] = []
    async with asyncio.timeout(seconds):
        while not found or not all(row.state in ENDED for row in found):
            await asyncio.sleep(0.05)
            found = await rows(site)
    return found
