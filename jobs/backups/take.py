"""Takes a base backup: copied, verified, and only then counted."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from db.backups import basebackup, checksums, compression, statements
from db.backups.compression import Compression
from db.backups.contents import Contents
from db.backups.errors import NoSpaceError
from db.cluster import durable
from db.cluster.errors import ProgramError
from db.errors import AppError
from db.repository import BackupKind, BackupManifest, Incarnation
from jobs.backups import leftovers, retention, space, verification, wal
from jobs.backups.errors import BackupFailedError
from jobs.backups.parents import parent_of
from jobs.backups.primary import asked, primary
from jobs.backups.progress import reported
from jobs.backups.unpacking import CONTENTS
from jobs.site import Site
from jobs.worker.job import Job

log = structlog.get_logger(__name__)

# The part of the whole that copying usually takes; the rest is looking whether it is right.
COPIED, VERIFIED = 0.8, 0.95


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
    space.require(incarnation, facts.database_bytes, kind)
    started_at = site.clock()
    await job.report(0, "Copying the database")
    await _copy(job, incarnation, compressed, parent)
    finished_at = site.clock()
    await job.report(COPIED, "Verifying the copy")
    manifest = await asyncio.to_thread(
        _describe, job, incarnation, facts, compressed, parent, (started_at, finished_at)
    )
    manifest = await _verified(site, manifest)
    await job.report(VERIFIED, "Waiting until its WAL is archived")
    await wal.wait_archived(incarnation, manifest)
    await asyncio.to_thread(manifest.write, incarnation)
    site.installation.user.own(incarnation.manifest(manifest.id))
    log.info("backup taken", backup=manifest.id, bytes=manifest.size_bytes)
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


async def _copy(job: Job, incarnation: Incarnation, compressed: Compression, parent: BackupManifest | None) -> None:
    site, place = job.site, incarnation.backup(job.id)

    async def sent() -> float | None:
        async with asked(site) as connection:
            done = await statements.progress(connection, job.id)
        return None if done is None else done * COPIED

    try:
        async with reported(job.report, "Copying the database", sent):
            await basebackup.take(
                site.installation,
                primary(site),
                name=job.id,
                into=durable.unfinished(place),
                compression=compressed,
                parent=incarnation.backup(parent.id) / CONTENTS if parent else None,
            )
    except ProgramError as failure:
        raise BackupFailedError(
            f"The copying broke off, and what there was of it has been removed. {failure.message}",
            hint="Is the primary well? `yukyu check` says so. Then take another backup.",
        ) from failure
    await asyncio.to_thread(_put_in_place, place)


def _put_in_place(place: Path) -> None:
    durable.unfinished(place).rename(place)
    durable.sync_directory(place.parent)


def _describe(  # noqa: PLR0913, PLR0917 - what there is to say
    job: Job,
    incarnation: Incarnation,
    facts: statements.Facts,
    compressed: Compression,
    parent: BackupManifest | None,
    when: tuple[datetime, datetime],
) -> BackupManifest:
    place = incarnation.backup(job.id)
    files = tuple(checksums.stored(path) for path in sorted(place.iterdir()))
    contents = Contents.read(place / CONTENTS)
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
