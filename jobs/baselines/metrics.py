"""The metrics of a baseline: in what unit, which way is worse, and how much worse is a regression."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

MIB: Final = 1024**2


class Better(Enum):
    LOWER = "lower"
    HIGHER = "higher"
    # More or less of it is neither good nor bad.
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """A kind of measurement.

    Args:
        unit: of its values.
        better: which way is better.
        ratio: times as bad it has to be at least.
        floor: how much worse it has to be at least, in the unit.
    """

    unit: str
    better: Better = Better.NEITHER
    ratio: float = 1.0
    floor: float = 0.0


# By name; of those with a subject, such as 'table-bytes genzai', by the name's first word.
METRICS: Final = {
    "cache-hit-ratio": Metric("ratio", Better.HIGHER, ratio=1.05, floor=0.05),
    "rollback-ratio": Metric("ratio", Better.LOWER, ratio=2, floor=0.05),
    "transactions-per-second": Metric("1/s"),
    "temporary-bytes-per-second": Metric("bytes/s", Better.LOWER, ratio=2, floor=MIB),
    "primary-latency": Metric("ms", Better.LOWER, ratio=3, floor=20),
    "replica-latency": Metric("ms", Better.LOWER, ratio=3, floor=20),
    "replica-lag": Metric("s", Better.LOWER, ratio=2, floor=5),
    "replica-lag-bytes": Metric("bytes", Better.LOWER, ratio=4, floor=16 * MIB),
    "connections": Metric("connections", Better.LOWER, ratio=2, floor=20),
    "database-bytes": Metric("bytes"),
    "table-bytes": Metric("bytes"),
    "statement-time": Metric("ms", Better.LOWER, ratio=2, floor=5),
}


def metric(name: str) -> Metric:
    """Return how a metric is compared; one that only another version knows is not."""
    return METRICS.get(name.partition(" ")[0], Metric(""))
