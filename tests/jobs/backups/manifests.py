"""Manifests of backups that nobody took."""

from datetime import datetime, timedelta

from db.repository import BackupKind, BackupManifest


def manifest(  # noqa: PLR0913 - what tests differ in
    backup_id: str,
    finished_at: datetime,
    *,
    parent: str | None = None,
    error: str | None = None,
    verified: bool = True,
    timeline: int = 1,
    start_lsn: str = "0/2000028",
) -> BackupManifest:
    return BackupManifest(
        id=backup_id,
        kind=BackupKind.INCREMENTAL if parent else BackupKind.FULL,
        parent=parent,
        system_identifier="1",
        major=18,
        timeline=timeline,
        start_lsn=start_lsn,
        stop_lsn=start_lsn[:-2] + "FF",
        started_at=finished_at - timedelta(minutes=1),
        finished_at=finished_at,
        verified_at=finished_at if verified else None,
        error=error,
        compression="gzip",
        size_bytes=100,
        database_size_bytes=1000,
        requested_by="schedule",
        files=(),
    )
