"""Backups, restores, and what a restore would do."""

from typing import Annotated

import strawberry

from jobs import backups, restores
from jobs.refusal import Refusal as Declined
from jobs.site import Site
from schema.arguments import After, First
from schema.context import Info
from schema.costs import Cost
from schema.paging import Page, Place, page_of, require_size
from schema.permissions import IsAdmin
from schema.types import backups as backup_types
from schema.types.backups import BackupConnection, BackupStatus
from schema.types.page import PageInfo
from schema.types.refusal import Refusal
from schema.types.restores import RestoreConnection, RestorePlan, RestorePlanResult, RestoreTargetInput


@strawberry.type
class BackupQueries:
    @strawberry.field(
        description="How well the installation could be restored now.",
        permission_classes=[IsAdmin],
        directives=[Cost(weight=100)],
    )
    async def backup_status(self, info: Info) -> BackupStatus:
        site = info.context.installation()
        return BackupStatus.of(await backups.status(site), await known_backups(site))

    @strawberry.field(description="The backups, newest first.", permission_classes=[IsAdmin])
    async def backups(self, info: Info, first: First = 20, after: After = None) -> BackupConnection:
        known = await known_backups(info.context.installation())
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
        return RestoreConnection.of(page, await known_backups(site))

    @strawberry.field(
        description="What a restore would do, or why it would be declined; nothing is done.",
        permission_classes=[IsAdmin],
        directives=[Cost(weight=100)],
    )
    async def plan_restore(
        self,
        info: Info,
        target: Annotated[RestoreTargetInput, strawberry.argument(description="What to recover to.")],
    ) -> RestorePlanResult:
        site = info.context.installation()
        plan = await restores.plan(site, target.target())
        return Refusal.of(plan) if isinstance(plan, Declined) else RestorePlan.of(plan, await known_backups(site))


async def known_backups(site: Site) -> dict[str, backups.Backup]:
    """Return all backups by their ids, newest first."""
    return {backup.id: backup for backup in await backups.listing(site)}
