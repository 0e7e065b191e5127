"""What an installation's settings make of the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from jobs.alerts.maintenance import Maintenance
from jobs.alerts.rule import Rule
from jobs.alerts.rules import RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The rules as they are applied, and when nobody is told.

    Args:
        rules: overrides included; those that are not enabled too.
        maintenance: times at which nobody is told.
        repeat: after which an alert that still fires, and that nobody has acknowledged, is told again.
        settle: how long a condition must not have held before its alert is over, and over two ticks at least.
    """

    rules: Sequence[Rule] = field(default=RULES)
    maintenance: tuple[Maintenance, ...] = ()
    repeat: timedelta = timedelta(hours=4)
    settle: timedelta = timedelta(seconds=10)

    def rule(self, key: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.key == key), None)
