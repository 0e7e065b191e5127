"""Rules over real servers: a condition is made, snapshots are taken, and alerts are seen to fire and to be over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from db.control import Alert, AlertState, alerts
from db.monitoring.snapshot import Snapshot
from jobs.alerts.evaluation import evaluate
from jobs.alerts.rule import Rule
from jobs.alerts.rulebook import Rulebook
from jobs.alerts.rules import RULES
from jobs.monitoring.interval import Interval
from jobs.monitoring.taking import Taking
from jobs.site import Site

PATIENCE_SECONDS = 60
AT_ONCE = timedelta(0)


def eased(key: str, **fields: object) -> Rule:
    """Return a rule that fires at once; other fields make its condition cheap to bring about, as overrides do."""
    rule = next(rule for rule in RULES if rule.key == key)
    return replace(rule, **({"for_": AT_ONCE} | fields))  # pyright: ignore[reportArgumentType] - fields of a rule


@dataclass
class Watching:
    """Looks at a site again and again, by some rules; each time anew, surveys included."""

    site: Site
    before: Snapshot | None = None
    day_before: Snapshot | None = None

    @classmethod
    def by(cls, site: Site, *rules: Rule) -> Self:
        return cls(replace(site, rulebook=Rulebook(rules=rules, settle=AT_ONCE)))

    async def look(self, now: Snapshot | None = None) -> Sequence[Alert]:
        """Let the rules judge what happened since the last look; return the alerts there are."""
        now = now or await self._taken()
        await evaluate(self.site, Interval(now, self.before, self.day_before))
        self.before = now
        async with self.site.control.reading() as session:
            return await alerts.newest(session, alerts.Wanted(), limit=100)

    async def fires(self, subject: str) -> Alert:
        """Look until an alert about this subject fires."""
        return await self._until(subject, AlertState.FIRING)

    async def resolves(self, subject: str) -> Alert:
        return await self._until(subject, AlertState.RESOLVED)

    async def _taken(self) -> Snapshot:
        taking = Taking(self.site)
        try:
            return await taking.take()
        finally:
            taking.close()

    async def _until(self, subject: str, state: AlertState) -> Alert:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for alert in await self.look():
                    if alert.subject == subject and alert.state is state:
                        return alert
                await asyncio.sleep(0.05)
