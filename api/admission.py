"""What every operation passes before it runs, however it comes."""

from collections.abc import Callable
from dataclasses import dataclass

from api.capacity import Capacity
from api.origin import Origins
from api.rates import Rates
from api.seats import Seats, operations
from api.settings import Settings

RATE_BY_ADDRESS = "12000/minute"
RATE_BY_USER = "600000/minute"
OPERATIONS_PER_USER = 30


@dataclass(frozen=True, slots=True)
class Admission:
    """Whose pages may ask, how much in a while, and how much at a time."""

    origins: Origins
    rates: Rates
    operations: Seats
    capacity: Capacity

    @classmethod
    def of(cls, settings: Settings, wait_seconds: Callable[[], float]) -> "Admission":
        """Return what the settings say; in development, where one asks oneself, no rate is limited unless they do."""
        usual = settings.production
        return cls(
            Origins(settings.cors_origins),
            Rates(
                by_address=settings.rate_limit_address or (RATE_BY_ADDRESS if usual else None),
                by_user=settings.rate_limit_user or (RATE_BY_USER if usual else None),
            ),
            operations(settings.operations_per_user or (OPERATIONS_PER_USER if usual else None)),
            Capacity(settings.operations_at_once, wait_seconds),
        )
