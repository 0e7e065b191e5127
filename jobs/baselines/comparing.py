"""Compares what is now with a baseline: worse than its median by more than its own spread, a ratio and a floor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from jobs.baselines.measured import Measured
from jobs.baselines.metrics import Better, metric

# Of the median absolute deviation, brought to the scale of a standard deviation.
DEVIATIONS: Final = 5
SCALE: Final = 1.4826
# Fewer do not tell a spread from an accident.
FEWEST_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Change:
    """A metric then and now."""

    name: str
    unit: str
    before: float
    after: float
    regressed: bool
    query: str | None

    @property
    def percent(self) -> float | None:
        """By how much it changed; None where it was nothing before."""
        return (self.after - self.before) / self.before * 100 if self.before else None

    @property
    def ratio(self) -> float:
        """How many times as bad it is; as bad as it is now where it was nothing before."""
        low, high = sorted((self.before, self.after))
        return high / low if low > 0 else high


def compared(before: Sequence[Measured], now: Iterable[Measured]) -> list[Change]:
    """Return how the metrics that are in both changed; what is worse comes first, by how much."""
    known = {each.name: each for each in before}
    changes = [_change(known[each.name], each) for each in now if each.name in known]
    return sorted(changes, key=lambda change: (not change.regressed, -change.ratio if change.regressed else 0))


def _change(before: Measured, now: Measured) -> Change:
    return Change(
        name=now.name,
        unit=now.unit,
        before=before.value,
        after=now.value,
        regressed=_is_regression(before, now),
        query=now.query or before.query,
    )


def _is_regression(before: Measured, now: Measured) -> bool:
    kind = metric(now.name)
    if kind.better is Better.NEITHER or min(before.samples, now.samples) < FEWEST_SAMPLES:
        return False
    good, bad = (before.value, now.value) if kind.better is Better.LOWER else (now.value, before.value)
    spread = DEVIATIONS * SCALE * before.deviation
    return bad - good > max(spread, kind.floor) and bad > good * kind.ratio
