"""Maintenance windows: known times at which something is wrong on purpose, so that nobody is told."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol

WEEK = timedelta(days=7)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Times(Protocol):
    def hold(self, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class Once:
    """From one moment to another, without it."""

    begin: datetime
    end: datetime

    def hold(self, now: datetime) -> bool:
        return self.begin <= now < self.end


@dataclass(frozen=True, slots=True)
class Weekly:
    """On the same days of every week (0 is Monday), from a time with an offset on, for as long as it takes."""

    weekdays: frozenset[int]
    begin: time
    duration: timedelta

    def hold(self, now: datetime) -> bool:
        local = now.astimezone(self.begin.tzinfo)
        return any(self._began_at(local, weekday) + self.duration > local for weekday in self.weekdays)

    def _began_at(self, local: datetime, weekday: int) -> datetime:
        """Return when the window of this weekday last began."""
        begun = datetime.combine(local.date() - timedelta(days=(local.weekday() - weekday) % len(DAYS)), self.begin)
        return begun if begun <= local else begun - WEEK


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Nothing is told of these rules' alerts about these subjects at these times; without rules or subjects, of all."""

    times: Times
    reason: str
    rules: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def covers(self, rule_key: str, subject: str, *, now: datetime) -> bool:
        of_rule = not self.rules or rule_key in self.rules
        of_subject = not self.subjects or subject in self.subjects
        return of_rule and of_subject and self.times.hold(now)
