"""What backups there are: finished ones by their manifests, the others by their operations."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from db.control import Operation, OperationState, operations
from db.repository import BackupKind, BackupManifest
from jobs.backups.kinds import BACKUP
from jobs.site import Site

# How many operations are looked at for backups that have no manifest.
REMEMBERED = 500


class BackupState(StrEnum):
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    VERIFIED = "VERIFIED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


STATES = {
    OperationState.QUEUED: BackupState.RUNNING,
    OperationState.RUNNING: BackupState.RUNNING,
    OperationState.SUCCEEDED: BackupState.EXPIRED,
    OperationState.FAILED: BackupState.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that is there, is being taken, failed or is gone; positions and sizes as in its manifest."""

    id: str
    kind: BackupKind
    state: BackupState
    started_at: datetime
    finished_at: datetime | None = None
    verified_at: datetime | None = None
    size_bytes: int | None = None
    database_size_bytes: int | None = None
    compression: str | None = None
    # What it is encrypted with.
    key: str | None = None
    start_lsn: str | None = None
    stop_lsn: str | None = None
    timeline: int | None = None
    parent_id: str | None = None
    error: str | None = None
    requested_by: str

    @classmethod
    def of_manifest(cls, manifest: BackupManifest) -> Self:
        """Say what a finished backup is; one that was found to be damaged has failed."""
        return cls(
            id=manifest.id,
            kind=manifest.kind,
            state=_state(manifest),
            started_at=manifest.started_at,
            finished_at=manifest.finished_at,
            verified_at=manifest.verified_at,
            size_bytes=manifest.size_bytes,
            database_size_bytes=manifest.database_size_bytes,
            compression=manifest.compression,
            key=manifest.key,
            start_lsn=manifest.start_lsn,
            stop_lsn=manifest.stop_lsn,
            timeline=manifest.timeline,
            parent_id=manifest.parent,
            error=manifest.error,
            requested_by=manifest.requested_by,
        )

    @classmethod
    def of_operation(cls, operation: Operation) -> Self:
        """Say what is known of a backup without a manifest."""
        return cls(
            id=operation.id,
            kind=BackupKind(operation.arguments["kind"]),
            state=STATES[operation.state],
            started_at=operation.started_at or operation.requested_at,
            finished_at=operation.finished_at,
            error=operation.error,
            requested_by=operation.requested_by,
        )


async def listing(site: Site) -> list[Backup]:
    """Return all backups of the live cluster that are known, newest first."""
    manifests = await asyncio.to_thread(manifests_of, site)
    async with site.control.reading() as session:
        known = await operations.newest(session, [BACKUP], limit=REMEMBERED)
    finished = {manifest.id for manifest in manifests}
    found = [Backup.of_manifest(manifest) for manifest in manifests]
    found += [Backup.of_operation(operation) for operation in known if operation.id not in finished]
    return sorted(found, key=lambda backup: (backup.started_at, backup.id), reverse=True)


async def by_id(site: Site, backup_id: str) -> Backup | None:
    return next((backup for backup in await listing(site) if backup.id == backup_id), None)


def manifests_of(site: Site) -> Sequence[BackupManifest]:
    """Return the manifests of the live cluster, oldest first."""
    incarnation = site.incarnation()
    return BackupManifest.all(incarnation) if incarnation else []


def _state(manifest: BackupManifest) -> BackupState:
    if manifest.error:
        return BackupState.FAILED
    return BackupState.VERIFIED if manifest.verified_at else BackupState.COMPLETED
