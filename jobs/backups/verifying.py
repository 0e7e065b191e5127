"""Verifies a backup again, when somebody asks: disks forget."""

import asyncio
from typing import Any

from db.backups.errors import DamagedBackupError
from db.errors import NotFoundError
from db.repository import BackupManifest, Incarnation
from jobs.backups import verification, wal
from jobs.backups.chains import chain
from jobs.backups.errors import DamagedWalError
from jobs.worker.job import Job


async def verify(job: Job) -> dict[str, Any]:
    """Verify a backup and all it builds on, with the WAL each needs; the result is kept in their manifests.

    Raises:
        AppError: something is wrong, as the sentence says.
    """
    backup_id = str(job.arguments["backup"])
    incarnation = job.site.incarnation()
    if incarnation is None:
        raise NotFoundError("backup", backup_id)
    found = chain(incarnation, backup_id)
    for done, manifest in enumerate(found):
        await job.report(done / len(found), f"Verifying the backup {manifest.id}")
        await _verify(job, incarnation, manifest)
    return {"backup": backup_id, "verified": [manifest.id for manifest in found]}


async def _verify(job: Job, incarnation: Incarnation, manifest: BackupManifest) -> None:
    try:
        await verification.verify_files(job.site, manifest)
        await asyncio.to_thread(wal.verify, incarnation, manifest)
    except (DamagedBackupError, DamagedWalError) as failure:
        await _keep(job, incarnation, manifest, error=failure.message)
        raise
    await _keep(job, incarnation, manifest)


async def _keep(job: Job, incarnation: Incarnation, manifest: BackupManifest, error: str | None = None) -> None:
    """Write down what was found; when it was last good stays known."""
    verified_at = manifest.verified_at if error else job.site.clock()
    after = manifest.model_copy(update={"error": error, "verified_at": verified_at})
    await asyncio.to_thread(after.write, incarnation)
    job.site.installation.user.own(incarnation.manifest(manifest.id))
