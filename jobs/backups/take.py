"""Takes a base backup: copied, verified, and only then counted."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from db.backups import basebackup, checksums, compression, sealing, statements
from db.backups.compression import Compression
from db.backups.contents import Contents
from db.backups.errors import NoSpaceError
from db.cluster import durable
from db.cluster.errors import ProgramError
from db.cluster.layout import PRIVATE, make_directory
from db.errors import AppError
from db.keys.ring import Key
from db.repository import BackupKind, BackupManifest, Incarnation
from jobs.backups import leftovers, retention, space, unpacking, verification, wal
from jobs.backups.errors import BackupFailedError
from jobs.backups.parents import parent_of
from jobs.backups.primary import asked, primary
from jobs.backups.progress import reported
from jobs.backups.unpacking import CONTENTS
from jobs.site import Site
from jobs.worker.job import Job

log = structlog.get_logger(__name__)

# The part of the whole that copying usually takes; the rest is looking whether it is right.
COPIED, SEALED, VERIFIED = 0.8, 0.85, 0.95


async def take(job: Job) -> dict[str, Any]:
    """Take the backup that an operation asks for. Safe to begin again: a half one is removed first.

    Raises:
        AppError: there is none, for the reason the sentence says; nothing is left of it.
    """
    incarnation = job.site.incarnation()
    if incarnation is None:
        raise BackupFailedError("There is no database yet.", hint="Start one with `yukyu up`.")
    manifest = BackupManifest.read(incarnation, job.id)
    if manifest is None:
        await leftovers.clear(job.site, incarnation, job.id)
        try:
            manifest = await _take(job, incarnation)
        except BaseException:
            await leftovers.clear(job.site, incarnation, job.id)
            raise
    await _expire(job.site)
    return {"backup": manifest.id, "kind": manifest.kind, "sizeBytes": manifest.size_bytes}


async def abandon(job: Job) -> None:
    """Remove what is left of a backup that is not begun again."""
    incarnation = job.site.incarnation()
    if incarnation is not None and BackupManifest.read(incarnation, job.id) is None:
        await leftovers.clear(job.site, incarnation, job.id)


async def _take(job: Job, incarnation: Incarnation) -> BackupManifest:
    site, kind = job.site, BackupKind(job.arguments["kind"])
    facts, compressed = await _ask(site)
    parent = _parent(incarnation, kind, site.clock())
    key = incarnation.key()
    space.require(incarnation, facts.database_bytes, kind, beside=site.installation.layout.clusters if key else None)
    started_at = site.clock()
    await job.report(0, "Copying the database")
    copied = await _copy(job, incarnation, compressed, parent, encrypted=key is not None)
    finished_at = site.clock()
    contents = await asyncio.to_thread(Contents.read, copied / CONTENTS)
    if key is not None:
        await job.report(COPIED, "Encrypting the copy")
        await _seal(job, incarnation, copied, key)
    await unpacking.discard(leftovers.copied(site, job.id))
    await asyncio.to_thread(_put_in_place, incarnation.backup(job.id))
    await job.report(SEALED, "Verifying the copy")
    manifest = await asyncio.to_thread(
        _describe, job, incarnation, facts, compressed, parent, contents, key, (started_at, finished_at)
    )
    manifest = await _verified(site, manifest)
    await job.report(VERIFIED, "Waiting until its WAL is archived")
    await wal.wait_archived(incarnation, manifest)
    await asyncio.to_thread(manifest.write, incarnation)
    site.installation.user.own(incarnation.manifest(manifest.id))
    log.info("backup taken", backup=manifest.id, bytes=manifest.size_bytes, key=manifest.key)
    return manifest


async def _ask(site: Site) -> tuple[statements.Facts, Compression]:
    """Ask the primary what is to be known before, and refuse what would not be a backup."""
    async with asked(site) as connection:
        facts, compressed = await statements.facts(connection), await compression.choose(connection)
    if facts.in_recovery:
        raise BackupFailedError(
            "The primary is still recovering, so nothing can be copied from it.",
            hint="Wait until `yukyu check` says that it is well, then take another backup.",
        )
    if not facts.archives:
        raise BackupFailedError(
            "The primary does not archive its WAL, and without that a backup cannot be restored.",
            hint="Start it with backups switched on: YUKYU_BACKUPS=on.",
        )
    if facts.tablespaces:
        raise BackupFailedError(
            "The database has tablespaces of its own, which a restore here could not put in their places.",
            hint="Move their tables back: ALTER TABLE ... SET TABLESPACE pg_default, then DROP TABLESPACE.",
        )
    return facts, compressed


def _parent(incarnation: Incarnation, kind: BackupKind, now: datetime) -> BackupManifest | None:
    if kind is BackupKind.FULL:
        return None
    found = parent_of(incarnation, now)
    if found is None:
        raise BackupFailedError(
            "There is no backup that an incremental one could build on.", hint="Take a full backup: yukyu backup create"
        )
    return found


async def _copy(
    job: Job,
    incarnation: Incarnation,
    compressed: Compression,
    parent: BackupManifest | None,
    *,
    encrypted: bool,
) -> Path:
    """Copy the database, and return where to: beside it, on the disk that has it plain, when it is to be encrypted."""
    site = job.site

    async def sent() -> float | None:
        async with asked(site) as connection:
            done = await statements.progress(connection, job.id)
        return None if done is None else done * COPIED

    into = durable.unfinished(incarnation.backup(job.id))
    if encrypted:
        beside = leftovers.copied(site, job.id)
        make_directory(beside, PRIVATE)
        site.installation.user.own(beside)
        into = beside / leftovers.DATA
    try:
        async with reported(job.report, "Copying the database", sent):
            await basebackup.take(
                site.installation,
                primary(site),
                name=job.id,
                into=into,
                compression=compressed,
                parent=await asyncio.to_thread(_contents_of, site, incarnation, parent, job.id) if parent else None,
            )
    except ProgramError as failure:
        raise BackupFailedError(
            f"The copying broke off, and what there was of it has been removed. {failure.message}",
            hint="Is the primary well? `yukyu check` says so. Then take another backup.",
        ) from failure
    return into


def _contents_of(site: Site, incarnation: Incarnation, parent: BackupManifest, backup_id: str) -> Path:
    """Return PostgreSQL's list of the files of a backup, decrypted beside the database where it has to be."""
    if parent.key is None:
        return incarnation.backup(parent.id) / CONTENTS
    beside = leftovers.copied(site, backup_id)
    make_directory(beside, PRIVATE)
    site.installation.user.own(beside)
    copy = beside / leftovers.PARENT
    sealing.open_file(incarnation, parent, next(file for file in parent.files if file.name == CONTENTS), copy)
    site.installation.user.own(copy)
    return copy


async def _seal(job: Job, incarnation: Incarnation, copied: Path, key: Key) -> None:
    """Encrypt a copy into the repository."""
    total = await asyncio.to_thread(_size, copied)
    done = [0]

    def count(size: int) -> None:
        done[0] += size

    async def sealed() -> float:
        return COPIED + (SEALED - COPIED) * min(done[0] / total, 1)

    async with reported(job.report, "Encrypting the copy", sealed):
        await sealing.seal(
            copied,
            into=durable.unfinished(incarnation.backup(job.id)),
            incarnation=incarnation,
            backup_id=job.id,
            key=key,
            owner=job.site.installation.user,
            on_bytes=count,
        )


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def _put_in_place(place: Path) -> None:
    durable.unfinished(place).rename(place)
    durable.sync_directory(place.parent)


def _describe(  # noqa: PLR0913, PLR0917 - what there is to say
    job: Job,
    incarnation: Incarnation,
    facts: statements.Facts,
    compressed: Compression,
    parent: BackupManifest | None,
    contents: Contents,
    key: Key | None,
    when: tuple[datetime, datetime],
) -> BackupManifest:
    files = tuple(checksums.stored(path) for path in sorted(incarnation.backup(job.id).iterdir()))
    return BackupManifest(
        id=job.id,
        kind=BackupKind.INCREMENTAL if parent else BackupKind.FULL,
        parent=parent.id if parent else None,
        system_identifier=incarnation.system_identifier,
        major=facts.major,
        timeline=contents.timeline,
        start_lsn=str(contents.start),
        stop_lsn=str(contents.stop),
        started_at=when[0],
        finished_at=when[1],
        compression=compressed,
        key=key.id if key else None,
        size_bytes=sum(file.size_bytes for file in files),
        database_size_bytes=facts.database_bytes,
        requested_by=job.operation.requested_by,
        files=files,
    )


async def _verified(site: Site, manifest: BackupManifest) -> BackupManifest:
    """Verify what was copied; where there is no room to do it, the backup counts all the same."""
    try:
        await verification.verify_files(site, manifest)
    except NoSpaceError as failure:
        log.warning("backup not verified", backup=manifest.id, reason=failure.message)
        return manifest
    return manifest.model_copy(update={"verified_at": site.clock()})


async def _expire(site: Site) -> None:
    """Remove what this backup made superfluous; that it failed is no failure of the backup."""
    try:
        await retention.expire(site)
    except (AppError, OSError) as failure:
        log.warning("nothing expired", reason=str(failure))
