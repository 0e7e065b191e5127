"""Alerts as they come and go."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry

from schema.context import Info
from schema.permissions import IsAdmin
from schema.queries.alerts import MinSeverity
from schema.types.alerts import AlertEvent, severities_from


@strawberry.type
class AlertSubscriptions:
    @strawberry.subscription(
        description=(
            "Every alert event after the cursor, or from now on. What was missed comes first, in order and once. "
            "Who takes events slower than they come is sent away with RATE_LIMITED and the cursor to go on from."
        ),
        permission_classes=[IsAdmin],
    )
    async def alert_feed(
        self,
        info: Info,
        after: Annotated[str | None, strawberry.argument(description="Cursor of the last event already seen.")] = None,
        min_severity: MinSeverity = None,
    ) -> AsyncIterator[AlertEvent]:
        async with aclosing(info.context.alert_feed().follow(after, severities_from(min_severity))) as events:
            async for event in events:
                yield event
