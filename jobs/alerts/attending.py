"""What people do about alerts: look them up, and say that they have seen one."""

from collections.abc import Sequence
from datetime import datetime

from db.control import Alert, AlertEventKind, AlertState, alerts, audit
from db.errors import BadInputError, NotFoundError
from jobs.alerts.telling import tell
from jobs.site import Site

ACTION = "acknowledge-alert"


class AlreadyAcknowledgedError(BadInputError):
    """Somebody else was first."""


class NotFiringError(BadInputError):
    """There is nothing to acknowledge yet, or any more."""


async def listing(
    site: Site, wanted: alerts.Wanted, *, first: int, after: tuple[datetime, str] | None = None
) -> tuple[Sequence[Alert], bool]:
    """Return alerts, newest first, behind the one that began at `after` with that id; and whether there are more."""
    async with site.control.reading() as session:
        found = await alerts.newest(session, wanted, limit=first + 1, after=after)
    return found[:first], len(found) > first


async def count(site: Site, wanted: alerts.Wanted) -> int:
    async with site.control.reading() as session:
        return await alerts.count(session, wanted)


async def by_id(site: Site, alert_id: str) -> Alert | None:
    async with site.control.reading() as session:
        return await alerts.by_id(session, alert_id)


async def acknowledge(site: Site, alert_id: str, *, by: str) -> Alert:
    """Mark a firing alert as seen, so that it stops being repeated.

    Transactions are one at a time: of two people who press at once, the second is told who was first.

    Raises:
        NotFoundError: there is no such alert.
        NotFiringError: it does not fire.
        AlreadyAcknowledgedError: somebody was first.
    """
    now = site.clock()
    refused: BadInputError | None = None
    async with site.control.transaction() as session:
        alert = await alerts.by_id(session, alert_id)
        if alert is None:
            raise NotFoundError("alert", repr(alert_id[:80]))
        if (refused := _reason_against(alert)) is None:
            alert.acknowledged_by, alert.acknowledged_at = by, now
            await tell(session, site, alert, AlertEventKind.ACKNOWLEDGED, now=now)
        await audit.record(
            session,
            who=by,
            action=ACTION,
            subject=alert_id,
            result=audit.REFUSED if refused else audit.SUCCEEDED,
            details={
                "rule": alert.rule_key,
                "subject": alert.subject,
                **({"message": refused.message} if refused else {}),
            },
            now=now,
        )
    if refused is not None:
        raise refused
    return alert


def _reason_against(alert: Alert) -> BadInputError | None:
    if alert.state is AlertState.RESOLVED:
        return NotFiringError(
            f"This alert was over at {alert.resolved_at:%Y-%m-%d %H:%M} UTC; nobody is told of it any more."
        )
    if alert.state is AlertState.PENDING:
        return NotFiringError("This alert does not fire yet.", hint="It can be acknowledged once it does.")
    if alert.acknowledged_by is not None:
        return AlreadyAcknowledgedError(
            f"{alert.acknowledged_by} acknowledged this alert at {alert.acknowledged_at:%Y-%m-%d %H:%M} UTC."
        )
    return None
