"""Asks the worker for backups and for their verification."""

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Operation, audit, operations
from db.repository import BackupKind, BackupManifest
from jobs.backups import identifiers
from jobs.backups.kinds import BACKUP, VERIFY
from jobs.backups.parents import parent_of
from jobs.refusal import Refusal
from jobs.site import Site

# The first version of PostgreSQL with incremental backups.
INCREMENTAL_SINCE = 17


async def request(site: Site, kind: BackupKind, *, by: str) -> Operation | Refusal:
    """Ask for a backup; the id of the operation will be the backup's."""
    now = site.clock()
    refusal = _refusal(site, kind)
    async with site.control.transaction() as session:
        if refusal is None and (waiting := await operations.open_of(session, [BACKUP])):
            refusal = Refusal(
                "BACKUP_RUNNING",
                f"The backup {waiting[0].id} is under way or about to begin.",
                hint="Wait for it; `yukyu backup list` says how far it is.",
            )
        if refusal is not None:
            await _audit(session, BACKUP, kind, refusal, by=by)
            return refusal
        return await operations.request(
            session, BACKUP, {"kind": kind}, by=by, now=now, operation_id=identifiers.make(kind, now)
        )


async def request_verification(site: Site, backup_id: str, *, by: str) -> Operation | Refusal:
    """Ask for a backup, and all it builds on, to be verified again with the WAL it needs."""
    incarnation = site.incarnation()
    known = incarnation is not None and BackupManifest.read(incarnation, backup_id) is not None
    async with site.control.transaction() as session:
        if not known:
            refusal = Refusal(
                "UNKNOWN_BACKUP",
                f"There is no finished backup {backup_id}.",
                hint="`yukyu backup list` names those that there are.",
            )
            await _audit(session, VERIFY, backup_id, refusal, by=by)
            return refusal
        waiting = await operations.open_of(session, [VERIFY])
        found = next((each for each in waiting if each.arguments == {"backup": backup_id}), None)
        return found or await operations.request(session, VERIFY, {"backup": backup_id}, by=by, now=site.clock())


def _refusal(site: Site, kind: BackupKind) -> Refusal | None:
    incarnation = site.incarnation()
    if incarnation is None:
        return Refusal("NO_DATABASE", "There is no database yet.", hint="Start one with `yukyu up`.")
    if kind is BackupKind.FULL:
        return None
    if refusal := site.refusal("Incremental backups need"):
        return refusal
    binaries = site.installation.binaries
    if binaries.major < INCREMENTAL_SINCE:
        return Refusal(
            "NOT_SUPPORTED",
            f"PostgreSQL {binaries.major} has no incremental backups; {INCREMENTAL_SINCE} and later have.",
            hint="Take a full backup.",
        )
    if parent_of(incarnation, site.clock()) is None:
        return Refusal(
            "NO_FULL_BACKUP",
            "There is no backup that an incremental one could build on.",
            hint="Take a full backup first.",
        )
    return None


async def _audit(session: AsyncSession, action: str, subject: str, refusal: Refusal, *, by: str) -> None:
    details = {"code": refusal.code, "message": refusal.message}
    await audit.record(session, who=by, action=action, subject=subject, result=audit.REFUSED, details=details)
