"""Why nobody is told of an alert: another one explains it, somebody silenced it, or it is maintenance."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
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
    # The few of them that explain others, by the keys of the rules that they explain.
    _explaining: dict[str, list[Alert]] = field(init=False, default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        explains = {rule.key: rule.explains for rule in self.rulebook.rules}
        for alert in self.unresolved:
            for rule_key in explains.get(alert.rule_key, ()):
                self._explaining[rule_key].append(alert)

    def reason(self, alert: Alert) -> str | None:
        """Return the key of the rule that explains an alert, the id of a silence, or 'maintenance'; None to tell it."""
        for other in self._explaining.get(alert.rule_key, ()):
            if _is_on(other.subject, alert.subject):
                return other.rule_key
        for silence in self.silences:
            if silences(silence, alert):
                return silence.id
        windows = self.rulebook.maintenance
        return (
            MAINTENANCE if any(each.covers(alert.rule_key, alert.subject, now=self.now) for each in windows) else None
        )


def _is_on(other: str, subject: str) -> bool:
    """Return whether one subject is the whole, the same as another, or what that is on."""
    return other == DATABASE or Reading(other, None).is_about(subject)


def silences(silence: Silence, alert: Alert) -> bool:
    return silence.rule_key == alert.rule_key and silence.subject in (None, alert.subject)
