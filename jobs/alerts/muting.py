"""Why nobody is told of an alert: another one explains it, somebody silenced it, or it is maintenance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.control import Alert, Silence
from jobs.alerts.rule import DATABASE, Reading
from jobs.alerts.rulebook import Rulebook

MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Muting:
    """What is true of all alerts at one tick.

    Args:
        rulebook: the rules, and the maintenance windows.
        unresolved: alerts; one that is pending explains others too, or they would be told before it fires.
        silences: those that hold now.
        now: the moment of the tick.
    """

    rulebook: Rulebook
    unresolved: Sequence[Alert]
    silences: Sequence[Silence]
    now: datetime

    def reason(self, alert: Alert) -> str | None:
        """Return the key of the rule that explains an alert, the id of a silence, or 'maintenance'; None to tell it."""
        for other in self.unresolved:
            if self._explains(other, alert):
                return other.rule_key
        for silence in self.silences:
            if silences(silence, alert):
                return silence.id
        windows = self.rulebook.maintenance
        return (
            MAINTENANCE if any(each.covers(alert.rule_key, alert.subject, now=self.now) for each in windows) else None
        )

    def _explains(self, other: Alert, alert: Alert) -> bool:
        """Return whether one alert is why there is another: about the whole, the same subject, or what is on it."""
        rule = self.rulebook.rule(other.rule_key)
        if rule is None or alert.rule_key not in rule.explains:
            return False
        return other.subject == DATABASE or Reading(other.subject, None).is_about(alert.subject)


def silences(silence: Silence, alert: Alert) -> bool:
    return silence.rule_key == alert.rule_key and silence.subject in (None, alert.subject)
