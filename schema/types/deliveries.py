"""What became of telling somebody."""

from datetime import datetime
from typing import Self

import strawberry

from jobs.alerts.testing import Outcome
from schema.types.enums import DeliveryState


@strawberry.type(description="What became of telling an alert by one channel.")
class Delivery:
    channel: str = strawberry.field(description="'log', 'email', 'slack' or 'pagerduty'.")
    state: DeliveryState = strawberry.field(description="Whether it was told.")
    at: datetime = strawberry.field(description="When that was known.")
    error: str | None = strawberry.field(description="Why it was not told.")

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        return cls(channel=outcome.channel, state=outcome.state, at=outcome.at, error=outcome.error)
