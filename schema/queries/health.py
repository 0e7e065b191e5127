"""How the system is."""

import strawberry

from schema.context import Info
from schema.costs import Cost
from schema.permissions import IsAdmin
from schema.types.health import HealthReport


@strawberry.type
class HealthQueries:
    @strawberry.field(
        description="How every part of the system is, measured now.",
        permission_classes=[IsAdmin],
        directives=[Cost(weight=100)],
    )
    async def health(self, info: Info) -> HealthReport:
        return HealthReport.of(await info.context.examine())
