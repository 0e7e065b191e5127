"""What a metric was over a span of time: its median, and how far from it its values lie."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final, Self

from jobs.baselines.metrics import METRICS, metric
from jobs.baselines.samples import Samples

# Statements and tables that a baseline knows: those that took most of the time, and the largest.
MOST: Final = 50
LONGEST_TEXT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A metric's median over `samples`, and the median absolute deviation from it; `query` is a statement's text."""

    name: str
    unit: str
    value: float
    deviation: float
    samples: int
    query: str | None = None

    @classmethod
    def of(cls, name: str, values: list[float], query: str | None = None) -> Self:
        middle = median(values)
        return cls(
            name=name,
            unit=metric(name).unit,
            value=middle,
            deviation=median(abs(value - middle) for value in values),
            samples=len(values),
            query=query[:LONGEST_TEXT] if query else None,
        )

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """Read what `asdict` made; names that this version does not know are left."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**known)

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def measured(samples: Samples) -> list[Measured]:
    """Return the metrics of a span of time: those of the whole, then the statements and tables that matter most."""
    found = {name: Measured.of(name, values, samples.texts.get(name)) for name, values in samples.values.items()}
    whole = [found[name] for name in METRICS if name in found]
    statements = _of_kind("statement-time", found, lambda each: sum(samples.values[each.name]))
    tables = _of_kind("table-bytes", found, lambda each: each.value)
    return [*whole, *statements, *tables]


def _of_kind(kind: str, found: Mapping[str, Measured], weight: Callable[[Measured], float]) -> list[Measured]:
    some = [each for name, each in found.items() if name.startswith(f"{kind} ")]
    return sorted(some, key=weight, reverse=True)[:MOST]
