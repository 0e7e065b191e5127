"""Asks every rule what it sees in an interval; one that fails says nothing, and the others go on."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from jobs.alerts.rule import Reading, Rule
from jobs.monitoring.interval import Interval

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Findings:
    """The subjects for which a rule's condition holds, each with its worst reading, and those nobody could look at."""

    met: dict[str, Reading] = field(default_factory=dict[str, Reading])
    unmeasured: list[Reading] = field(default_factory=list[Reading])

    def leaves(self, subject: str) -> bool:
        """Return whether nothing can be concluded about a subject."""
        return any(each.is_about(subject) for each in self.unmeasured)


def measure(rule: Rule, interval: Interval) -> Findings | None:
    """Return what a rule finds; None when there is no data, or the rule failed."""
    try:
        readings = rule.measure(interval)
        return None if readings is None else _sorted(rule, readings)
    except Exception:
        log.exception("alert rule failed", rule=rule.key)
        return None


def _sorted(rule: Rule, readings: Iterable[Reading]) -> Findings:
    findings = Findings()
    for reading in readings:
        if reading.value is None:
            findings.unmeasured.append(reading)
        elif rule.is_met(reading.value):
            known = findings.met.get(reading.subject)
            if known is None or known.value is None or rule.is_worse(reading.value, known.value):
                findings.met[reading.subject] = reading
    return findings
