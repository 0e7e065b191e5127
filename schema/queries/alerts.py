"""Alerts, the rules they come of, and silences."""

from typing import Annotated

import strawberry

from db.control import AlertState as State
from db.control.alerts import Wanted
from jobs.alerts import attending, silencing
from schema.arguments import After, First
from schema.context import Info
from schema.paging import Page, Place, require_size
from schema.permissions import IsAdmin
from schema.types.alerts import AlertConnection, AlertRule, Silence, severities_from
from schema.types.enums import AlertState, Severity
from schema.types.page import PageInfo

MinSeverity = Annotated[Severity | None, strawberry.argument(description="Only what is as bad as this, or worse.")]


@strawberry.type
class AlertQueries:
    @strawberry.field(description="Alerts, newest first.", permission_classes=[IsAdmin])
    async def alerts(
        self,
        info: Info,
        states: Annotated[
            list[AlertState] | None, strawberry.argument(description="Only alerts in one of these states.")
        ] = None,
        min_severity: MinSeverity = None,
        first: First = 20,
        after: After = None,
    ) -> AlertConnection:
        site = info.context.installation()
        require_size(first)
        seen = None if after is None else Place.parse(after)
        wanted = Wanted(frozenset(State if states is None else states), severities_from(min_severity))
        behind = None if seen is None else (seen.moment, seen.key)
        found, more = await attending.listing(site, wanted, first=first, after=behind)
        cursors = [Place(alert.started_at, alert.id).cursor for alert in found]
        page = Page(
            found,
            cursors,
            PageInfo.of(cursors, before=seen is not None, after=more),
            await attending.count(site, wanted),
        )
        return AlertConnection.of(page, site.rulebook)

    @strawberry.field(description="What is watched, and how it is judged.", permission_classes=[IsAdmin])
    def alert_rules(self, info: Info) -> list[AlertRule]:
        return [AlertRule.of(rule) for rule in info.context.installation().rulebook.rules]

    @strawberry.field(
        description="The silences that hold now, the one that ends first at the front.", permission_classes=[IsAdmin]
    )
    async def silences(self, info: Info) -> list[Silence]:
        return [Silence.of(each) for each in await silencing.active(info.context.installation())]
