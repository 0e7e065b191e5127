"""What an alert rule is: a condition, when it is met, and what to do about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from db.control import Severity
from jobs.monitoring.interval import Interval

# The subject of what is about the database as a whole.
DATABASE: Final = "database"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule measured about one subject, in the rule's unit, and in a sentence.

    A subject that is on a server is named `server: name`. Without a value nothing could be measured: alerts
    about the subject, and about all that is on it where it is a server, stay as they are.
    """

    subject: str
    value: float | None
    summary: str = ""

    def is_about(self, subject: str) -> bool:
        return subject == self.subject or subject.startswith(f"{self.subject}: ")


# None: there is no data, so that nothing may be concluded; an empty answer: all is well with every subject.
Measure = Callable[[Interval], Iterable[Reading] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition that somebody should know of. It holds while a reading is over the threshold.

    Args:
        key: identity, in kebab-case; with the subject it is an alert's.
        threshold: in `unit`; the condition holds above it, or below it with `below`.
        for_: how long it must hold before it fires.
        action: what to do about it, one or two sentences.
        source: where the threshold comes from.
        measure: reads the condition off an interval; it queries nothing.
        explains: keys of rules whose alerts are only told when this one does not fire.
    """

    key: str
    title: str
    description: str
    severity: Severity
    threshold: float
    unit: str
    for_: timedelta
    action: str
    source: str
    measure: Measure
    below: bool = False
    enabled: bool = True
    explains: frozenset[str] = frozenset()

    def is_met(self, value: float) -> bool:
        return value < self.threshold if self.below else value > self.threshold

    def is_worse(self, value: float, than: float) -> bool:
        return value < than if self.below else value > than
