"""What one of several workers may have of what is said for all of them together."""

from math import ceil

import limits

from api.admission import OPERATIONS_PER_USER, RATE_BY_ADDRESS, RATE_BY_USER
from api.limit_settings import OFF
from api.settings import Settings

LEAST_READ_CONNECTIONS = 2


def of_one(settings: Settings) -> Settings:
    """Return the settings of one worker: no worker knows what the others let through, so each lets its share through.

    Together they never allow more than the settings say, but for what does not divide: then each has at least one.
    """
    workers = settings.workers
    usual = settings.production
    by_user = settings.operations_per_user or (OPERATIONS_PER_USER if usual else None)
    return settings.model_copy(
        update={
            "read_connections": max(LEAST_READ_CONNECTIONS, ceil(settings.read_connections / workers)),
            "write_connections": ceil(settings.write_connections / workers),
            "operations_per_user": by_user and ceil(by_user / workers),
            "streams_per_user": ceil(settings.streams_per_user / workers),
            "subscriptions_per_user": ceil(settings.subscriptions_per_user / workers),
            "rate_limit_address": _share(settings.rate_limit_address or (RATE_BY_ADDRESS if usual else None), workers),
            "rate_limit_user": _share(settings.rate_limit_user or (RATE_BY_USER if usual else None), workers),
        }
    )


def _share(rate: str | None, workers: int) -> str | None:
    if rate is None or rate == OFF:
        return rate
    item = limits.parse(rate)
    return f"{max(1, item.amount // workers)}/{item.multiples} {item.GRANULARITY.name}"
