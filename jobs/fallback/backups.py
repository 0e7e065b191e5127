"""Backups of a database file: on the schedule and with the retention of those of a server, each a whole copy."""

import asyncio
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from db.backups import checksums
from db.cluster import durable
from db.control import Operation, OperationState, audit, operations
from db.errors import NotFoundError
from db.fallback import backups as copies
from db.keys.ring import Key
from db.repository import BackupKind, BackupManifest, Incarnation, stored
from db.repository.sealed import SealBrokenError
from jobs.backups import identifiers, retention
from jobs.backups.calendar import LOOK, PATIENCE
from jobs.backups.kinds import BACKUP, LANE, VERIFY
from jobs.backups.listing import manifests_of
from jobs.backups.requests import request
from jobs.fallback.site import FileSite
from jobs.refusal import Refusal
from jobs.site import Policy, Site
from jobs.worker.job import Job, Kind
from jobs.worker.schedule import BY, Scheduled

log = structlog.get_logger(__name__)

PUT_BACK: Final = "put-back"
# A file's version, where the manifest of a server's backup has PostgreSQL's.
MAJOR: Final = 3


class UnknownBackupError(NotFoundError):
    """There is no finished backup of this id."""

    def __init__(self, backup_id: str) -> None:
        super().__init__("finished backup", backup_id)
        self.hint = "`yukyu backup list` names those that there are."


async def take(job: Job) -> dict[str, Any]:
    """Take the backup that an operation asks for. Safe to begin again: a half one is removed first.

    Raises:
        AppError: there is none, for the reason the sentence says; nothing is left of it.
    """
    site, incarnation = _parts(job.site)
    manifest = BackupManifest.read(incarnation, job.id)
    if manifest is None:
        await job.report(0, "Copying the database")
        manifest = await asyncio.to_thread(_take, site, incarnation, job.id, job.operation.requested_by)
        log.info("backup taken", backup=manifest.id, bytes=manifest.size_bytes)
    await _expire(site, incarnation)
    return {"backup": manifest.id, "kind": manifest.kind, "sizeBytes": manifest.size_bytes}


async def abandon(job: Job) -> None:
    """Remove what is left of a backup that is not begun again."""
    site, incarnation = _parts(job.site)
    await asyncio.to_thread(shutil.rmtree, _scratch(site, job.id), ignore_errors=True)
    await asyncio.to_thread(_clear, incarnation, job.id)


async def verify(job: Job) -> dict[str, Any]:
    """Look whether a backup is what was stored, a sound database, and has the rows it had; its manifest keeps it.

    Raises:
        DamagedCopyError: it is not.
        UnknownBackupError: there is none.
    """
    site, incarnation = _parts(job.site)
    manifest = _known(incarnation, str(job.arguments["backup"]))
    await job.report(0, f"Verifying the backup {manifest.id}")
    try:
        await asyncio.to_thread(_verify, site, incarnation, manifest)
    except copies.DamagedCopyError as failure:
        await asyncio.to_thread(manifest.model_copy(update={"error": failure.message}).write, incarnation)
        raise
    after = manifest.model_copy(update={"error": None, "verified_at": site.clock()})
    await asyncio.to_thread(after.write, incarnation)
    return {"backup": manifest.id, "verified": [manifest.id]}


async def put_back(site: FileSite, backup_id: str, *, by: str) -> tuple[str | None, copies.Sound]:
    """Make the database what a backup is, in one transaction; whoever reads goes on doing so.

    What was live is backed up before, so that this can be undone by putting that back.

    Returns:
        The id of that backup (None where there was no database), and what is live now.

    Raises:
        UnknownBackupError: there is no finished backup of this id, of this file or, where that is lost, of any.
        DamagedCopyError: the backup, or the live database, is not sound; nothing was changed.
        KeyMissingError, KeyRingError: the backup is encrypted, and its key is not to be had.
    """
    incarnation = _holder(site, backup_id)
    manifest = _known(incarnation, backup_id)
    await asyncio.to_thread(_verify, site, incarnation, manifest)
    await _note(site, backup_id, audit.REQUESTED, by=by)
    before: str | None = None
    if site.incarnation() is not None:
        before = identifiers.make(BackupKind.FULL, site.clock())
        await asyncio.to_thread(_take, site, incarnation, before, f"{by}, before {backup_id} was put back")
    sound = await asyncio.to_thread(_put_back, site, incarnation, manifest)
    await _note(site, backup_id, audit.SUCCEEDED, by=by, details={"before": before, "rows": sound.rows})
    return before, sound


async def _note(site: FileSite, backup_id: str, result: str, *, by: str, details: dict[str, Any] | None = None) -> None:
    async with site.control.transaction() as session:
        await audit.record(session, who=by, action=PUT_BACK, subject=backup_id, result=result, details=details or {})


def schedule(policy: Policy) -> list[Scheduled]:
    daily = CronTrigger(hour=policy.at.hour, minute=policy.at.minute, timezone=UTC)
    look = IntervalTrigger(seconds=int(LOOK.total_seconds()))
    return [
        Scheduled("daily-backup", daily, _request, catch_up=True),
        Scheduled("backup-out-of-turn", look, _request_first, catch_up=False, at_first=True),
    ]


async def _request(site: Site) -> Operation | None:
    asked = await request(site, BackupKind.FULL, by=BY)
    return None if isinstance(asked, Refusal) else asked


async def _request_first(site: Site) -> Operation | None:
    """Ask for a backup where there is a database and no good backup of it, and none has just failed."""
    if site.incarnation() is None or any(each.error is None for each in await asyncio.to_thread(manifests_of, site)):
        return None
    async with site.control.reading() as session:
        last = next(iter(await operations.newest(session, [BACKUP], limit=1)), None)
    if last is not None and last.state is OperationState.FAILED and _lately(last, site.clock()):
        return None
    return await _request(site)


def _lately(operation: Operation, now: datetime) -> bool:
    return operation.finished_at is not None and now - operation.finished_at < PATIENCE


def _parts(site: Site) -> tuple[FileSite, Incarnation]:
    """Return the site as it is, and where its backups are.

    Raises:
        FileUnusableError: there is no database file.
    """
    assert isinstance(site, FileSite)  # noqa: S101 - these kinds are done for no other
    incarnation = site.incarnation()
    if incarnation is None:
        raise copies.FileUnusableError(
            f"There is no database in {site.file} yet.", hint="Make it with `yukyu db upgrade`."
        )
    return site, incarnation


def _holder(site: FileSite, backup_id: str) -> Incarnation:
    """Return where a backup is kept: of this file, or of any when this one is lost or new."""
    places = site.repository.incarnations()
    live = site.incarnation()
    known = [live] if live and live.manifest(backup_id).exists() else []
    known += [each for each in places if each.manifest(backup_id).exists()]
    if not known:
        raise UnknownBackupError(backup_id)
    return known[0]


def _known(incarnation: Incarnation, backup_id: str) -> BackupManifest:
    manifest = BackupManifest.read(incarnation, backup_id)
    if manifest is None or manifest.rows is None:
        raise UnknownBackupError(backup_id)
    return manifest


def _take(site: FileSite, incarnation: Incarnation, backup_id: str, by: str) -> BackupManifest:
    started_at = site.clock()
    _clear(incarnation, backup_id)
    place = incarnation.backup(backup_id)
    place.mkdir(mode=0o700, parents=True)
    key = incarnation.key()
    try:
        sound = copies.take(site.file, place) if key is None else _take_sealed(site, incarnation, backup_id, key)
    except BaseException:
        _clear(incarnation, backup_id)
        raise
    files = tuple(checksums.stored(path) for path in sorted(place.iterdir()))
    finished_at = site.clock()
    manifest = BackupManifest(
        id=backup_id,
        kind=BackupKind.FULL,
        system_identifier=incarnation.system_identifier,
        major=MAJOR,
        timeline=1,
        start_lsn="0/0",
        stop_lsn="0/0",
        started_at=started_at,
        finished_at=finished_at,
        verified_at=finished_at,
        compression=copies.COMPRESSED_WITH,
        key=key.id if key else None,
        size_bytes=sum(file.size_bytes for file in files),
        database_size_bytes=sound.size_bytes,
        requested_by=by,
        files=files,
        rows=sound.rows,
    )
    manifest.write(incarnation)
    return manifest


def _take_sealed(site: FileSite, incarnation: Incarnation, backup_id: str, key: Key) -> copies.Sound:
    """Copy the database beside itself, and encrypt the copy into the repository."""
    beside, kept = _scratch(site, backup_id), incarnation.backup(backup_id) / copies.STORED
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    try:
        sound = copies.take(site.file, beside)
        stored.seal_into(beside / copies.STORED, kept, key, incarnation.place_of(kept))
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    durable.sync_directory(kept.parent)
    return sound


def _put_back(site: FileSite, incarnation: Incarnation, manifest: BackupManifest) -> copies.Sound:
    with _opened(site, incarnation, manifest) as copy:
        return copies.put_back(copy, _scratch(site, manifest.id), site.file)


@contextmanager
def _opened(site: FileSite, incarnation: Incarnation, manifest: BackupManifest) -> Generator[Path]:
    """Give what is stored of a backup, decrypted beside the database for as long as the block runs."""
    kept = incarnation.backup(manifest.id) / copies.STORED
    if manifest.key is None:
        yield kept
        return
    beside = _scratch(site, f"{manifest.id}.opened")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    try:
        stored.open_into(incarnation, kept, beside / copies.STORED)
        yield beside / copies.STORED
    except SealBrokenError as broken:
        raise copies.DamagedCopyError(f"The backup {manifest.id} is damaged: {broken.message}") from broken
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _verify(site: FileSite, incarnation: Incarnation, manifest: BackupManifest) -> None:
    place = incarnation.backup(manifest.id)
    for file in manifest.files:
        path = place / file.name
        if not path.is_file() or checksums.stored(path) != file:
            raise copies.DamagedCopyError(f"The backup {manifest.id} is damaged: {file.name} is not what was stored.")
    with _opened(site, incarnation, manifest) as copy:
        found = copies.verify(copy, _scratch(site, manifest.id))
    if found.rows != manifest.rows:
        raise copies.DamagedCopyError(
            f"The backup {manifest.id} does not hold the rows that it held when it was taken."
        )


def _scratch(site: FileSite, backup_id: str) -> Path:
    """Return where a backup is unpacked: beside the database, where there is room for it."""
    return site.file.with_name(f".{site.file.name}.{backup_id}")


def _clear(incarnation: Incarnation, backup_id: str) -> None:
    if not incarnation.manifest(backup_id).exists():
        shutil.rmtree(incarnation.backup(backup_id), ignore_errors=True)


async def _expire(site: FileSite, incarnation: Incarnation) -> None:
    """Remove backups that no restore into the window needs; that it failed is no failure of the backup."""
    try:
        known = await asyncio.to_thread(BackupManifest.all, incarnation)
        for manifest in retention.superfluous(known, since=site.clock() - site.policy.window):
            await asyncio.to_thread(retention.remove, incarnation, manifest)
            log.info("backup expired", backup=manifest.id)
    except OSError as failure:
        log.warning("nothing expired", reason=str(failure))


KINDS = (Kind(BACKUP, LANE, take, abandon), Kind(VERIFY, LANE, verify))
