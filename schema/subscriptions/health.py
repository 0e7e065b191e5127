"""How the system is, as it changes."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import strawberry

from schema.context import Info
from schema.permissions import IsAdmin
from schema.types.health import HealthReport


@strawberry.type
class HealthSubscriptions:
    @strawberry.subscription(
        description="A report at once, and then whenever the status of a check changes.", permission_classes=[IsAdmin]
    )
    async def health_feed(self, info: Info) -> AsyncIterator[HealthReport]:
        async with aclosing(info.context.feeds.health.follow()) as reports:
            async for report in reports:
                yield HealthReport.of(report)
