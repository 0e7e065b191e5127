"""Changes to backups and restores."""

from typing import Annotated

import strawberry

from db import control
from db.control import audit
from db.errors import NotFoundError
from db.repository import BackupKind
from jobs import backups, restores
from jobs.refusal import Refusal as Declined
from jobs.site import Site
from schema.context import Info
from schema.permissions import IsAdmin
from schema.types import backups as backup_types
from schema.types import restores as restore_types
from schema.types.backups import Backup, BackupResult, RestorePoint
from schema.types.node import key_of
from schema.types.refusal import Refusal
from schema.types.restores import RestoreRun, RestoreRunResult, TriggerRestoreInput, TriggerRestoreResult

BackupId = Annotated[strawberry.ID, strawberry.argument(description="The backup's `id`.")]
RunId = Annotated[strawberry.ID, strawberry.argument(description="The restore's `id`.")]
Confirm = Annotated[str, strawberry.argument(description="The restore's `id` once more.")]


@strawberry.type
class BackupMutations:
    @strawberry.mutation(
        description="Ask for a backup. It is answered at once; `operationProgress` tells how it goes.",
        permission_classes=[IsAdmin],
    )
    async def create_backup(
        self,
        info: Info,
        kind: Annotated[
            BackupKind, strawberry.argument(description="INCREMENTAL needs PostgreSQL 17 and a full backup before it.")
        ] = BackupKind.FULL,
    ) -> BackupResult:
        site = info.context.installation()
        asked = await backups.request(site, kind, by=info.context.identity.name)
        return Refusal.of(asked) if isinstance(asked, Declined) else await _backup(site, asked.id)

    @strawberry.mutation(
        description="Ask for a backup to be read again, with the WAL it needs, to see whether it is intact.",
        permission_classes=[IsAdmin],
    )
    async def verify_backup(self, info: Info, id: BackupId) -> BackupResult:  # noqa: A002 - the contract's name
        site = info.context.installation()
        key = key_of(backup_types.TABLE, id) or id
        asked = await backups.request_verification(site, key, by=info.context.identity.name)
        return Refusal.of(asked) if isinstance(asked, Declined) else await _backup(site, key)

    @strawberry.mutation(
        description="Name the present moment, so that a restore can go back to it.", permission_classes=[IsAdmin]
    )
    async def create_restore_point(
        self, info: Info, name: Annotated[str, strawberry.argument(description="1 to 63 bytes; given once.")]
    ) -> RestorePoint:
        site = info.context.installation()
        return RestorePoint.of(await backups.create_restore_point(site, name, by=info.context.identity.name))

    @strawberry.mutation(
        description=(
            "Ask for a restore beside the live database, which stays as it is. It is answered at once; "
            "`operationProgress` tells how it goes."
        ),
        permission_classes=[IsAdmin],
    )
    async def trigger_restore(
        self,
        info: Info,
        input: Annotated[TriggerRestoreInput, strawberry.argument(description="What to restore, and why.")],  # noqa: A002 - the contract's name
    ) -> TriggerRestoreResult:
        site = info.context.installation()
        run = await restores.trigger(
            site,
            input.target.target(),
            promote=bool(input.promote),
            reason=input.reason_given(),
            by=info.context.identity.name,
        )
        return await _run(site, run)

    @strawberry.mutation(
        description="Make the restored database the live one. `confirm` repeats the run's id.",
        permission_classes=[IsAdmin],
    )
    async def promote_restore(self, info: Info, id: RunId, confirm: Confirm) -> RestoreRunResult:  # noqa: A002 - the contract's name
        site, by = info.context.installation(), info.context.identity.name
        if refusal := await _unconfirmed(site, id, confirm, action=PROMOTE, by=by):
            return refusal
        return await _run(site, await restores.promote(site, _key(id), by=by))

    @strawberry.mutation(
        description="Throw a restored database away; the live one stays as it is.", permission_classes=[IsAdmin]
    )
    async def discard_restore(self, info: Info, id: RunId) -> RestoreRunResult:  # noqa: A002 - the contract's name
        site = info.context.installation()
        return await _run(site, await restores.discard(site, _key(id), by=info.context.identity.name))

    @strawberry.mutation(
        description=(
            "Undo a promotion: the database that was live before it becomes live again. Declined once something has "
            "been committed since. `confirm` repeats the run's id."
        ),
        permission_classes=[IsAdmin],
    )
    async def rollback_restore(self, info: Info, id: RunId, confirm: Confirm) -> RestoreRunResult:  # noqa: A002 - the contract's name
        site, by = info.context.installation(), info.context.identity.name
        if refusal := await _unconfirmed(site, id, confirm, action=ROLL_BACK, by=by):
            return refusal
        return await _run(site, await restores.roll_back(site, _key(id), by=by))


# As the worker names them, for the audit log.
PROMOTE, ROLL_BACK = "promote-restore", "rollback-restore"


def _key(run_id: str) -> str:
    return key_of(restore_types.TABLE, run_id) or run_id


async def _unconfirmed(site: Site, run_id: str, confirm: str, *, action: str, by: str) -> Refusal | None:
    if _key(confirm) == _key(run_id):
        return None
    declined = Declined(
        "NOT_CONFIRMED",
        "What `confirm` says is not the id of this restore, so nothing was done.",
        hint="Repeat the restore's `id` in `confirm`.",
    )
    async with site.control.transaction() as session:
        details = {"code": declined.code, "message": declined.message}
        await audit.record(
            session,
            who=by,
            action=action,
            subject=_key(run_id),
            result=audit.REFUSED,
            details=details,
            now=site.clock(),
        )
    return Refusal.of(declined)


async def _backup(site: Site, backup_id: str) -> Backup:
    known = {backup.id: backup for backup in await backups.listing(site)}
    if backup_id not in known:
        raise NotFoundError("backup", backup_id)
    return Backup.of(known[backup_id], known)


async def _run(site: Site, run: control.RestoreRun | Declined) -> RestoreRun | Refusal:
    if isinstance(run, Declined):
        return Refusal.of(run)
    return RestoreRun.of(run, {backup.id: backup for backup in await backups.listing(site)})
