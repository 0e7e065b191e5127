"""The root of all reading."""

from typing import Annotated

import strawberry

from db import records, search
from db.errors import NotFoundError
from db.search import SearchRequest
from schema.context import Info
from schema.permissions import IsAdmin, IsViewer
from schema.selection import selected
from schema.types.employees import TYPES
from schema.types.enums import EmployeeTable
from schema.types.health import HealthReport
from schema.types.leave import LeaveRequest, UsageDetail
from schema.types.node import Node, parse_node_id
from schema.types.search import SearchConnection, SearchFilter
from schema.types.viewer import Viewer

First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Cursor of the last item already seen.")]


@strawberry.type(description="Everything that can be read.")
class Query:
    @strawberry.field(description="Whoever is asking; needs no role.")
    def me(self, info: Info) -> Viewer:
        return Viewer.of(info.context.identity)

    @strawberry.field(description="An object by its id; null where there is none.", permission_classes=[IsViewer])
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The object's `id`.")],  # noqa: A002 - the contract's name
    ) -> Node | None:
        try:
            table, key = parse_node_id(id)
        except NotFoundError:
            return None
        answer = await info.context.read(lambda connection: records.by_key(connection, table, key))
        return None if answer.value is None else _node_of(table, answer.value, personal=info.context.sees_personal)

    @strawberry.field(description="Ranked search over the employee tables, best first.", permission_classes=[IsViewer])
    async def search(  # noqa: PLR0913, PLR0917 - the contract's arguments
        self,
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="Names, kana, romaji, numbers, workplaces; 1 to 200 characters.")
        ],
        tables: Annotated[
            list[EmployeeTable] | None, strawberry.argument(description="Tables to search; all four when not given.")
        ] = None,
        filter: Annotated[  # noqa: A002 - the contract's name
            SearchFilter | None, strawberry.argument(description="Conditions the records must also meet.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> SearchConnection:
        wanted = selected(info)
        narrowed = filter or SearchFilter()
        request = SearchRequest(
            query=query,
            tables=None if tables is None else tuple(tables),
            statuses=None if narrowed.statuses is None else tuple(narrowed.statuses),
            year=narrowed.year,
            employed_on=narrowed.employed_on,
            first=first,
            after=after,
            count_total=not wanted.isdisjoint({"totalCount", "totalCountExact"}),
            count_by_table="countsByTable" in wanted,
            highlight=not wanted.isdisjoint({"nodes.highlights", "edges.node.highlights"}),
        )
        answer = await info.context.read(lambda connection: search.search(connection, request))
        return SearchConnection.of(answer.value, served_by=answer.served_by, personal=info.context.sees_personal)

    @strawberry.field(
        description=(
            "Completions for a search box: names, workplaces and employee numbers that start with what was typed."
        ),
        permission_classes=[IsViewer],
    )
    async def suggest(
        self,
        info: Info,
        prefix: Annotated[str, strawberry.argument(description="What was typed so far; 1 to 200 characters.")],
        first: First = 8,
    ) -> list[str]:
        return (await info.context.read(lambda connection: search.suggest(connection, prefix, first))).value

    @strawberry.field(description="How every part of the system is, measured now.", permission_classes=[IsAdmin])
    async def health(self, info: Info) -> HealthReport:
        return HealthReport.of(await info.context.examine())


def _node_of(table: str, row: records.Row, *, personal: bool) -> Node:
    match table:
        case "yukyu_usage_details":
            return UsageDetail.of(row)
        case "leave_requests":
            return LeaveRequest.of(row)
        case _:
            return TYPES[EmployeeTable(table.upper())].of(row, personal=personal)
