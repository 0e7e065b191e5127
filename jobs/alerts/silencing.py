"""Silences: for a time nobody is told of a rule's alerts, all of them or those about one subject."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import AlertEventKind, AlertState, Silence, alerts, audit, silences
from db.errors import BadInputError, NotFoundError
from jobs.alerts.muting import silences as covers
from jobs.alerts.telling import tell
from jobs.site import Site

LONGEST = timedelta(days=90)
LONGEST_SUBJECT = 500
LONGEST_REASON = 1000
MOST = 200


async def active(site: Site) -> Sequence[Silence]:
    """Return the silences that hold now, the one that ends first at the front."""
    async with site.control.reading() as session:
        return await silences.active(session, now=site.clock())


async def by_id(site: Site, silence_id: str) -> Silence | None:
    async with site.control.reading() as session:
        return await silences.by_id(session, silence_id)


async def silence(  # noqa: PLR0913 - what a silence is made of
    site: Site, *, rule_key: str, subject: str | None, until: datetime, reason: str, by: str
) -> Silence:
    """Let nobody be told of a rule's alerts until a moment; those that fire now are marked in the event log.

    Raises:
        BadInputError: there is no such rule, or it cannot be meant.
    """
    now = site.clock()
    made = Silence(
        id=uuid4().hex,
        rule_key=_known(site, rule_key),
        subject=_short(subject, "subject", LONGEST_SUBJECT) if subject is not None else None,
        until=_bounded(until, now=now),
        created_by=by,
        created_at=now,
        reason=_short(reason, "reason", LONGEST_REASON),
    )
    async with site.control.transaction() as session:
        if await silences.count_active(session, now=now) >= MOST:
            raise BadInputError(f"There are {MOST} silences, which is as many as there may be.", hint="End some first.")
        session.add(made)
        for alert in await alerts.unresolved(session):
            if alert.state is AlertState.FIRING and alert.told_at is not None and covers(made, alert):
                alert.muted_by = made.id
                await tell(session, site, alert, AlertEventKind.SILENCED, now=now)
        details = {"subject": made.subject, "until": until.isoformat(), "reason": made.reason, "silence": made.id}
        await _record(session, "silence-alert", made, by=by, now=now, details=details)
    return made


async def end(site: Site, silence_id: str, *, by: str) -> Silence:
    """End a silence now; one that has ended stays as it is.

    What fired meanwhile is told at the next tick; what was told before, when it is due to be repeated.

    Raises:
        NotFoundError: there is no such silence.
    """
    now = site.clock()
    async with site.control.transaction() as session:
        found = await silences.by_id(session, silence_id)
        if found is None:
            raise NotFoundError("silence", repr(silence_id[:80]))
        found.until = min(found.until, now)
        await _record(session, "end-silence", found, by=by, now=now, details={"silence": found.id})
    return found


async def _record(  # noqa: PLR0913 - what an entry is made of
    session: AsyncSession, action: str, about: Silence, *, by: str, now: datetime, details: dict[str, Any]
) -> None:
    await audit.record(
        session, who=by, action=action, subject=about.rule_key, result=audit.SUCCEEDED, details=details, now=now
    )


def _known(site: Site, rule_key: str) -> str:
    if site.rulebook.rule(rule_key) is None:
        raise BadInputError(f"There is no alert rule {rule_key[:80]!r}.", hint="`yukyu alerts rules` lists them.")
    return rule_key


def _short(text: str, name: str, longest: int) -> str:
    stripped = text.strip()
    if not 0 < len(stripped) <= longest:
        raise BadInputError(f"The {name} has 1 to {longest:,} characters.")
    return stripped


def _bounded(until: datetime, *, now: datetime) -> datetime:
    if until.tzinfo is None:
        raise BadInputError("`until` needs an offset, as in 2026-11-22T10:04:00+09:00.")
    if until <= now:
        raise BadInputError("`until` has passed.", hint="Say a moment in the future; the server's clock counts.")
    if until > now + LONGEST:
        raise BadInputError(
            f"A silence lasts {LONGEST.days} days at most.",
            hint="Turn a rule off for good in the file that YUKYU_ALERT_RULES names.",
        )
    return until
