"""The root of all reading."""

from typing import Annotated

import strawberry

from db import records, search
from db.errors import NotFoundError
from db.search import SearchRequest
from jobs import backups, restores
from jobs.refusal import Refusal as Declined
from jobs.site import Site
from schema.context import Context, Info
from schema.paging import Page, Place, page_of, require_size
from schema.permissions import IsAdmin, IsViewer
from schema.roles import Role
from schema.selection import selected
from schema.types import backups as backup_types
from schema.types import restores as restore_types
from schema.types.backups import Backup, BackupConnection, BackupStatus
from schema.types.employees import TYPES
from schema.types.enums import EmployeeTable
from schema.types.health import HealthReport
from schema.types.leave import LeaveRequest, UsageDetail
from schema.types.node import Node, parse_node_id
from schema.types.page import PageInfo
from schema.types.refusal import Refusal
from schema.types.restores import RestoreConnection, RestorePlan, RestorePlanResult, RestoreRun, RestoreTargetInput
from schema.types.search import SearchConnection, SearchFilter
from schema.types.viewer import Viewer

First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Cursor of the last item already seen.")]


@strawberry.type(description="Everything that can be read.")
class Query:
    @strawberry.field(description="Whoever is asking; needs no role.")
    def me(self, info: Info) -> Viewer:
        return Viewer.of(info.context.identity)

    @strawberry.field(
        description=(
            "An object by its id; null where there is none, and for who is no admin where it is a backup or a restore."
        ),
        permission_classes=[IsViewer],
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The object's `id`.")],  # noqa: A002 - the contract's name
    ) -> Node | None:
        try:
            table, key = parse_node_id(id)
        except NotFoundError:
            return None
        if table in (backup_types.TABLE, restore_types.TABLE):
            return await _of_installation(info.context, table, key)
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

    @strawberry.field(description="How well the installation could be restored now.", permission_classes=[IsAdmin])
    async def backup_status(self, info: Info) -> BackupStatus:
        site = info.context.installation()
        return BackupStatus.of(await backups.status(site), await _known(site))

    @strawberry.field(description="The backups, newest first.", permission_classes=[IsAdmin])
    async def backups(self, info: Info, first: First = 20, after: After = None) -> BackupConnection:
        known = await _known(info.context.installation())
        page = page_of(list(known.values()), backup_types.place_of, first=first, after=after)
        return BackupConnection.of(page, known)

    @strawberry.field(description="The restores, newest first.", permission_classes=[IsAdmin])
    async def restores(self, info: Info, first: First = 20, after: After = None) -> RestoreConnection:
        site = info.context.installation()
        require_size(first)
        seen = None if after is None else Place.parse(after).key
        runs, more = await restores.listing(site, first=first, after=seen)
        cursors = [Place(run.requested_at, run.id).cursor for run in runs]
        info_of_page = PageInfo.of(cursors, before=seen is not None, after=more)
        page = Page(runs, cursors, info_of_page, await restores.count(site))
        return RestoreConnection.of(page, await _known(site))

    @strawberry.field(
        description="What a restore would do, or why it would be declined; nothing is done.",
        permission_classes=[IsAdmin],
    )
    async def plan_restore(
        self,
        info: Info,
        target: Annotated[RestoreTargetInput, strawberry.argument(description="What to recover to.")],
    ) -> RestorePlanResult:
        site = info.context.installation()
        plan = await restores.plan(site, target.target())
        return Refusal.of(plan) if isinstance(plan, Declined) else RestorePlan.of(plan, await _known(site))


async def _known(site: Site) -> dict[str, backups.Backup]:
    """Return all backups by their ids, newest first."""
    return {backup.id: backup for backup in await backups.listing(site)}


async def _of_installation(context: Context, table: str, key: str) -> Node | None:
    if context.site is None or not context.identity.has(Role.ADMIN):
        return None
    known = await _known(context.site)
    if table == backup_types.TABLE:
        return Backup.of(known[key], known) if key in known else None
    run = await restores.by_id(context.site, key)
    return None if run is None else RestoreRun.of(run, known)


def _node_of(table: str, row: records.Row, *, personal: bool) -> Node:
    match table:
        case "yukyu_usage_details":
            return UsageDetail.of(row)
        case "leave_requests":
            return LeaveRequest.of(row)
        case _:
            return TYPES[EmployeeTable(table.upper())].of(row, personal=personal)
