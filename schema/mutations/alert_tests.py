"""Trying out the channels of alerts."""

from typing import Annotated

import strawberry

from jobs.alerts.testing import send_test
from schema.context import Info
from schema.permissions import IsAdmin
from schema.types.deliveries import Delivery

Channel = Annotated[
    str | None, strawberry.argument(description="'log', 'email', 'slack' or 'pagerduty'; all that are configured.")
]


@strawberry.type
class AlertTestMutations:
    @strawberry.mutation(
        description=(
            "Send a test alert to one channel ('log', 'email', 'slack', 'pagerduty') or to all that are configured, "
            "and say what became of it."
        ),
        permission_classes=[IsAdmin],
    )
    async def send_test_alert(self, info: Info, channel: Channel = None) -> list[Delivery]:
        outcomes = await send_test(info.context.installation(), channel, by=info.context.identity.name)
        return [Delivery.of(outcome) for outcome in outcomes]
