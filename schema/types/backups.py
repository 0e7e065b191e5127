"""Base backups, the WAL archive, and how well the installation could be restored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

import strawberry

from jobs import archive, backups
from schema.paging import Page, Place
from schema.scalars import BigInt
from schema.types.enums import BackupKind, BackupState, HealthStatus
from schema.types.node import Node, node_id
from schema.types.page import PageInfo
from schema.types.refusal import Refusal

TABLE = "backup"


@strawberry.type(description="A base backup: being taken, kept, failed or gone.")
class Backup(Node):
    kind: BackupKind = strawberry.field(description="Whether it holds everything or what changed.")
    state: BackupState = strawberry.field(description="How far it is.")
    started_at: datetime = strawberry.field(description="When it began, or was asked for where it has not yet.")
    finished_at: datetime | None = strawberry.field(description="When it was done and counted, or failed.")
    verified_at: datetime | None = strawberry.field(description="When every file of it was last found to be intact.")
    size_bytes: BigInt | None = strawberry.field(description="Bytes as stored.")
    database_size_bytes: BigInt | None = strawberry.field(description="Bytes of the database when it was taken.")
    compression: str | None = strawberry.field(description="How its files are compressed.")
    start_lsn: str | None = strawberry.field(description="Where recovery of it begins in the WAL.")
    stop_lsn: str | None = strawberry.field(description="Where it is consistent: the first position it can restore to.")
    timeline: int | None = strawberry.field(description="The timeline it was taken on.")
    parent: "Backup | None" = strawberry.field(description="The backup that an incremental one builds on.")
    error: str | None = strawberry.field(description="Why it failed, and what to do about it.")

    @classmethod
    def of(cls, backup: backups.Backup, others: Mapping[str, backups.Backup]) -> Self:
        """Say what a backup is; its parent is looked up among the others by its id."""
        parent = others.get(backup.parent_id) if backup.parent_id else None
        return cls(
            id=node_id(TABLE, backup.id),
            kind=backup.kind,
            state=backup.state,
            started_at=backup.started_at,
            finished_at=backup.finished_at,
            verified_at=backup.verified_at,
            size_bytes=_whole(backup.size_bytes),
            database_size_bytes=_whole(backup.database_size_bytes),
            compression=backup.compression,
            start_lsn=backup.start_lsn,
            stop_lsn=backup.stop_lsn,
            timeline=backup.timeline,
            parent=Backup.of(parent, others) if parent else None,
            error=backup.error,
        )


@strawberry.type(description="A backup and its place in the order.")
class BackupEdge:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this backup.")
    node: Backup = strawberry.field(description="The backup.")


@strawberry.type(description="A page of the backups, newest first.")
class BackupConnection:
    edges: list[BackupEdge] = strawberry.field(description="The backups with their cursors.")
    nodes: list[Backup] = strawberry.field(description="The same backups without.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are in all.")

    @classmethod
    def of(cls, page: Page[backups.Backup], others: Mapping[str, backups.Backup]) -> Self:
        nodes = [Backup.of(backup, others) for backup in page.items]
        edges = [BackupEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)]
        return cls(edges=edges, nodes=nodes, page_info=page.info, total_count=page.total)


@strawberry.type(description="Every moment from earliest to latest can be restored.")
class RecoveryWindow:
    earliest: datetime = strawberry.field(description="The first moment: the end of the oldest backup to rely on.")
    latest: datetime = strawberry.field(description="The last moment: the newest commit known to be in the archive.")


@strawberry.type(description="WAL that the archive lacks.")
class WalGap:
    timeline: int = strawberry.field(description="The timeline it belongs to.")
    from_: str = strawberry.field(name="from", description="The first missing segment.")
    to: str = strawberry.field(description="The last missing segment.")


@strawberry.type(description="How the archiving of WAL goes.")
class ArchiveStatus:
    last_archived_wal: str | None = strawberry.field(description="The segment that was archived last.")
    last_archived_at: datetime | None = strawberry.field(description="When that was.")
    failed_count: BigInt = strawberry.field(description="Failed attempts of the server since its statistics began.")
    pending_segments: int = strawberry.field(description="Completed segments the archive does not hold yet.")
    gaps: list[WalGap] = strawberry.field(
        description="WAL missing from the archive between the oldest kept backup and now; empty when all is well."
    )

    @classmethod
    def of(cls, status: archive.ArchiveStatus) -> Self:
        return cls(
            last_archived_wal=status.last_archived_wal,
            last_archived_at=status.last_archived_at,
            failed_count=BigInt(status.failed_count),
            pending_segments=status.pending_segments,
            gaps=[WalGap(timeline=gap.timeline, from_=gap.first.name, to=gap.last.name) for gap in status.gaps],
        )


@strawberry.type(description="What is promised about backups, beside what is true now.")
class BackupObjectives:
    window_days: int = strawberry.field(description="Days back that every moment can be restored.")
    rpo_seconds: float = strawberry.field(description="Seconds of committed work that may be lost with the primary.")
    rto_seconds: float = strawberry.field(description="Seconds that a restore may take.")
    window_days_now: float | None = strawberry.field(description="Days back that can be restored now.")
    rpo_seconds_now: float | None = strawberry.field(
        description="Seconds of committed work that would be lost if the primary's disk vanished now."
    )
    rto_seconds_last: float | None = strawberry.field(description="Duration of the last restore, drill or real.")
    met: bool = strawberry.field(description="Whether all that is promised is true now, as far as is known.")

    @classmethod
    def of(cls, objectives: backups.Objectives) -> Self:
        return cls(
            window_days=objectives.window_days,
            rpo_seconds=objectives.rpo_seconds,
            rto_seconds=objectives.rto_seconds,
            window_days_now=objectives.window_days_now,
            rpo_seconds_now=objectives.rpo_seconds_now,
            rto_seconds_last=objectives.rto_seconds_last,
            met=objectives.met,
        )


@strawberry.type(description="How well the installation could be restored.")
class BackupStatus:
    status: HealthStatus = strawberry.field(description="In one word.")
    last_backup: Backup | None = strawberry.field(description="The last backup that counts.")
    next_backup_at: datetime | None = strawberry.field(description="When the schedule takes the next one.")
    window: RecoveryWindow | None = strawberry.field(description="What can be restored; null while nothing can.")
    archive: ArchiveStatus = strawberry.field(description="The archive of WAL.")
    objectives: BackupObjectives = strawberry.field(description="What is promised, and what is true.")
    total_size_bytes: BigInt = strawberry.field(description="Bytes of the whole backup repository.")
    problems: list[str] = strawberry.field(
        description="Why the status is not HEALTHY, each with what to do; empty when it is."
    )

    @classmethod
    def of(cls, status: backups.BackupStatus, others: Mapping[str, backups.Backup]) -> Self:
        window = status.window
        return cls(
            status=status.status,
            last_backup=Backup.of(status.last_backup, others) if status.last_backup else None,
            next_backup_at=status.next_backup_at,
            window=RecoveryWindow(earliest=window.earliest, latest=window.latest) if window else None,
            archive=ArchiveStatus.of(status.archive),
            objectives=BackupObjectives.of(status.objectives),
            total_size_bytes=BigInt(status.total_size_bytes),
            problems=list(status.problems),
        )


@strawberry.type(description="A name for a moment, to restore to later.")
class RestorePoint:
    name: str = strawberry.field(description="The name.")
    lsn: str = strawberry.field(description="Its position in the WAL.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, point: backups.RestorePoint) -> Self:
        return cls(name=point.name, lsn=point.lsn, created_at=point.created_at)


BackupResult = Annotated[
    Backup | Refusal, strawberry.union("BackupResult", description="The backup, or why there will be none.")
]


def place_of(backup: backups.Backup) -> Place:
    return Place(backup.started_at, backup.id)


def _whole(number: int | None) -> BigInt | None:
    return None if number is None else BigInt(number)
