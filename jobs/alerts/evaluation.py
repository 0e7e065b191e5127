"""One tick of the rules: moves every alert to its state, and writes what is told of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Alert, AlertEventKind, AlertState, alerts, silences
from jobs.alerts import states
from jobs.alerts.measuring import Findings, measure
from jobs.alerts.muting import Muting
from jobs.alerts.rule import Rule
from jobs.alerts.telling import tell
from jobs.monitoring.interval import Interval
from jobs.site import Site

log = structlog.get_logger(__name__)

# How long what is over is remembered.
KEPT = timedelta(days=90)
# Of one rule: more would tell nobody more.
MOST_SUBJECTS = 100


async def evaluate(site: Site, interval: Interval) -> None:
    """Bring every alert to its state at the end of an interval, in one transaction. Safe to repeat."""
    now = interval.now.taken_at
    rules = site.rulebook.rules
    found = {rule.key: measure(rule, interval) for rule in rules if rule.enabled}
    async with site.control.transaction() as session:
        unresolved = await alerts.unresolved(session)
        tick = _Tick(session, site, now)
        for alert in unresolved:
            if alert.rule_key not in found:  # its rule was turned off, or is no more
                await tick.over(alert)
        for rule in rules:
            if (findings := found.get(rule.key)) is not None:
                await tick.advance(
                    rule, findings, {each.subject: each for each in unresolved if each.rule_key == rule.key}
                )
        await tick.tell()
        if interval.before is None or _hour(interval.before.taken_at) != _hour(now):
            await alerts.forget(session, before=now - KEPT)
            await silences.forget(session, before=now - KEPT)


class _Tick:
    def __init__(self, session: AsyncSession, site: Site, now: datetime) -> None:
        self._session, self._site, self._now = session, site, now

    async def advance(self, rule: Rule, findings: Findings, known: Mapping[str, Alert]) -> None:
        """Let the alerts of one rule be what was found."""
        for subject, reading in findings.met.items():
            if (alert := known.get(subject)) is not None:
                states.hold(alert, rule, reading, now=self._now)
        new = [reading for subject, reading in findings.met.items() if subject not in known]
        room = max(0, MOST_SUBJECTS - len(known))
        self._session.add_all(states.begin(rule, reading, now=self._now) for reading in new[:room])
        if len(new) > room:
            log.warning("alerts left out", rule=rule.key, subjects=len(new) - room, most=MOST_SUBJECTS)
        for subject, alert in known.items():
            if subject not in findings.met and not findings.leaves(subject):
                await self._clear(alert)

    async def over(self, alert: Alert) -> None:
        """End an alert; nobody is told of the end of what nobody was told of."""
        if alert.state is AlertState.PENDING:
            await self._session.delete(alert)
            return
        states.resolve(alert, now=self._now)
        if alert.told_at is not None:
            await tell(self._session, self._site, alert, AlertEventKind.RESOLVED, now=self._now)

    async def tell(self) -> None:
        """Tell of what fires and nothing mutes, once, and again while nobody acknowledges it."""
        await self._session.flush()
        unresolved = await alerts.unresolved(self._session)
        muting = Muting(self._site.rulebook, unresolved, await silences.active(self._session, now=self._now), self._now)
        for alert in self._in_order_of_rules(unresolved):
            alert.muted_by = muting.reason(alert)
            if alert.muted_by is None and (kind := self._due(alert)) is not None:
                await tell(self._session, self._site, alert, kind, now=self._now)

    async def _clear(self, alert: Alert) -> None:
        states.clear(alert, now=self._now, settle=self._site.rulebook.settle)
        if alert.state is not AlertState.FIRING:
            await self.over(alert)

    def _due(self, alert: Alert) -> AlertEventKind | None:
        """Return what is to be told of an alert whose condition was seen to hold at this tick."""
        if alert.state is not AlertState.FIRING or alert.seen_at != self._now:
            return None
        if alert.told_at is None:
            return AlertEventKind.FIRED
        late = self._now - alert.told_at >= self._site.rulebook.repeat
        return AlertEventKind.REPEATED if late and alert.acknowledged_at is None else None

    def _in_order_of_rules(self, unresolved: Sequence[Alert]) -> list[Alert]:
        order = {rule.key: number for number, rule in enumerate(self._site.rulebook.rules)}
        return sorted(unresolved, key=lambda alert: order.get(alert.rule_key, len(order)))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
