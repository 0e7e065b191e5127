"""How fast the database is, and why a statement is slow."""

from typing import Annotated

import strawberry

from jobs import performance
from schema.context import Info
from schema.costs import Cost
from schema.permissions import IsAdmin
from schema.types.performance import PerformanceReport, QueryPlan


@strawberry.type
class PerformanceQueries:
    @strawberry.field(
        description="How fast the database is: the last look at it, or one taken now where no worker looks.",
        permission_classes=[IsAdmin],
        directives=[Cost(weight=200)],
    )
    async def performance(self, info: Info) -> PerformanceReport:
        return PerformanceReport(report=await performance.report(info.context.servers(), info.context.site))

    @strawberry.field(
        description="The plan of one read-only statement, run under a time limit when `analyze` is set.",
        permission_classes=[IsAdmin],
        directives=[Cost(weight=200)],
    )
    async def explain(
        self,
        info: Info,
        *,
        sql: Annotated[str, strawberry.argument(description="One SELECT, of 20,000 characters at most.")],
        analyze: Annotated[
            bool, strawberry.argument(description="Run it, on a replica where there is one, for 5 seconds at most.")
        ] = False,
    ) -> QueryPlan:
        return QueryPlan.of(await performance.explain(info.context.engines, sql, analyze=analyze))
