"""Rules about baselines."""

from collections.abc import Iterable
from datetime import timedelta

from db.control import Severity
from jobs.alerts.rule import DATABASE, Reading, Rule
from jobs.monitoring.interval import Interval

DAY = 86400.0
# In place of an age, where there is no baseline at all.
NEVER_DAYS = 1000.0


def _regressions(interval: Interval) -> Iterable[Reading] | None:
    found = interval.now.baselines
    if found is None or found.regressions is None:
        return None
    return [
        Reading(each.metric, each.ratio, f"{each.metric} was {each.before:,.4g} and is {each.now:,.4g} now.")
        for each in found.regressions
    ]


def _age(interval: Interval) -> Iterable[Reading] | None:
    found = interval.now.baselines
    if found is None:
        return None
    if found.newest_at is None:
        return [Reading(DATABASE, NEVER_DAYS, "There is no baseline.")]
    days = (interval.now.taken_at - found.newest_at).total_seconds() / DAY
    return [Reading(DATABASE, days, f"The newest baseline is {days:.1f} days old.")]


BASELINE_REGRESSION = Rule(
    key="baseline-regression",
    title="Something got worse",
    description="It is worse than in the newest baseline by more than it varies by itself.",
    severity=Severity.WARNING,
    threshold=1,
    unit="times",
    for_=timedelta(minutes=10),
    action="`yukyu monitor compare` shows all that changed. What was changed between the baseline and now?",
    source="Median and median absolute deviation of the kept baselines.",
    measure=_regressions,
)

BASELINE_STALE = Rule(
    key="baseline-stale",
    title="The newest baseline is old",
    description="What is compared with it may have changed for good reasons since.",
    severity=Severity.INFO,
    threshold=1.5,
    unit="days",
    for_=timedelta(hours=36),
    action="Take one with `yukyu monitor baseline`, and look in the worker's log for why the daily one was not taken.",
    source="One is taken every day; a new installation has a day and a half until its first is missed.",
    measure=_age,
)

RULES = (BASELINE_REGRESSION, BASELINE_STALE)
