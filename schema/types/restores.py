"""Restores: what to recover to, how one would go, and how it goes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from db import control
from db.errors import BadInputError
from jobs import backups, restores
from jobs.restores import Target
from schema.paging import Page
from schema.scalars import BigInt
from schema.types import backups as types
from schema.types.backups import Backup
from schema.types.enums import RestoreState
from schema.types.node import Node, key_of, node_id
from schema.types.page import PageInfo
from schema.types.refusal import Refusal

TABLE = "restore"
LONGEST_NAME = 200
LONGEST_REASON = 1000


@strawberry.input(description="What to recover to: exactly one.", one_of=True)
class RestoreTargetInput:
    time: strawberry.Maybe[datetime] = strawberry.field(
        description="A moment: all that was committed at it, and nothing later."
    )
    lsn: strawberry.Maybe[str] = strawberry.field(description="A position in the WAL, such as 0/3000148.")
    restore_point: strawberry.Maybe[str] = strawberry.field(description="The name of a restore point.")
    backup_id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The end of a backup, by its `id`.")
    latest: strawberry.Maybe[bool] = strawberry.field(description="True: the last commit that the archive holds.")

    def target(self) -> Target:
        """Return what is meant.

        Raises:
            BadInputError: it cannot be meant.
        """
        if self.time is not None:
            return Target.time(self.time.value)
        if self.lsn is not None:
            return Target.lsn(self.lsn.value)
        if self.restore_point is not None:
            return Target.point(_short(self.restore_point.value))
        if self.backup_id is not None:
            given = _short(self.backup_id.value)
            return Target.backup(key_of(types.TABLE, given) or given)
        if self.latest is not None and self.latest.value:
            return Target.latest()
        raise BadInputError("`latest` is true or left out.", hint="Give exactly one target.")


@strawberry.input(description="Asks for a restore.")
class TriggerRestoreInput:
    target: RestoreTargetInput = strawberry.field(description="What to recover to.")
    promote: bool | None = strawberry.field(
        default=False,
        description="Promote by itself once verified; otherwise the run waits in READY for promoteRestore.",
    )
    reason: str = strawberry.field(description="Kept in the audit log; 1 to 1,000 characters.")

    def reason_given(self) -> str:
        reason = self.reason.strip()
        if not 0 < len(reason) <= LONGEST_REASON:
            raise BadInputError(
                f"The reason has 1 to {LONGEST_REASON:,} characters.", hint="Say why, for the audit log."
            )
        return reason


@strawberry.type(description="One step of a restore.")
class RestoreStep:
    name: str = strawberry.field(description="What is done in it.")
    state: str = strawberry.field(description="How far it is.")
    started_at: datetime | None = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    message: str | None = strawberry.field(description="What it found, or what went wrong.")

    @classmethod
    def of(cls, step: Mapping[str, Any]) -> Self:
        return cls(
            name=step["name"],
            state=step["state"],
            started_at=_moment(step.get("startedAt")),
            finished_at=_moment(step.get("finishedAt")),
            message=step.get("message"),
        )


@strawberry.type(description="Live database against the restored one, a row per table.")
class TableDifference:
    table: str = strawberry.field(description="The table.")
    live_rows: BigInt = strawberry.field(description="Its rows in the live database.")
    restored_rows: BigInt = strawberry.field(description="Its rows in the restored one.")

    @classmethod
    def of(cls, difference: Mapping[str, Any]) -> Self:
        return cls(
            table=difference["table"],
            live_rows=BigInt(difference["liveRows"]),
            restored_rows=BigInt(difference["restoredRows"]),
        )


@strawberry.type(description="A restore: asked for, under way, waiting to be promoted, or done with.")
class RestoreRun(Node):
    state: RestoreState = strawberry.field(description="How far it is.")
    target: str = strawberry.field(description="In words: 'to 2026-11-22T10:04:00Z'.")
    requested_by: str = strawberry.field(description="Who asked for it.")
    requested_at: datetime = strawberry.field(description="When.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    reason: str = strawberry.field(description="Why.")
    backup: Backup | None = strawberry.field(description="The backup it begins with.")
    recovered_to: datetime | None = strawberry.field(description="The last commit that recovery reached.")
    recovered_lsn: str | None = strawberry.field(description="The position that recovery reached.")
    progress: float = strawberry.field(description="0 to 1.")
    steps: list[RestoreStep] = strawberry.field(description="What was done so far, and what is being done.")
    differences: list[TableDifference] = strawberry.field(
        description="Live database against the restored one, a row per table; empty until both were counted."
    )
    error: str | None = strawberry.field(description="Why it failed, and what to do about it.")

    @classmethod
    def of(cls, run: control.RestoreRun, known: Mapping[str, backups.Backup]) -> Self:
        """Say how a restore is; its backup is looked up among those known by its id."""
        backup = known.get(run.backup_id) if run.backup_id else None
        return cls(
            id=node_id(TABLE, run.id),
            state=run.state,
            target=restores.target_of(run).in_words(),
            requested_by=run.requested_by,
            requested_at=run.requested_at,
            finished_at=run.finished_at,
            reason=run.reason,
            backup=Backup.of(backup, known) if backup else None,
            recovered_to=run.recovered_to,
            recovered_lsn=run.recovered_lsn,
            progress=run.progress,
            steps=[RestoreStep.of(step) for step in run.steps],
            differences=[TableDifference.of(difference) for difference in run.differences],
            error=run.error,
        )


@strawberry.type(description="A restore and its place in the order.")
class RestoreEdge:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this restore.")
    node: RestoreRun = strawberry.field(description="The restore.")


@strawberry.type(description="A page of the restores, newest first.")
class RestoreConnection:
    edges: list[RestoreEdge] = strawberry.field(description="The restores with their cursors.")
    nodes: list[RestoreRun] = strawberry.field(description="The same restores without.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are in all.")

    @classmethod
    def of(cls, page: Page[control.RestoreRun], known: Mapping[str, backups.Backup]) -> Self:
        nodes = [RestoreRun.of(run, known) for run in page.items]
        edges = [RestoreEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)]
        return cls(edges=edges, nodes=nodes, page_info=page.info, total_count=page.total)


@strawberry.type(description="What a restore would do, worked out without doing it.")
class RestorePlan:
    target: str = strawberry.field(description="In words: 'to 2026-11-22T10:04:00Z'.")
    backup: Backup = strawberry.field(description="The backup it would begin with.")
    timeline: int = strawberry.field(description="The timeline it would follow.")
    wal_segments: int = strawberry.field(description="Segments of WAL it would replay.")
    bytes_to_restore: BigInt = strawberry.field(description="Bytes it would write.")
    bytes_free: BigInt = strawberry.field(description="Bytes free where it would write them.")
    estimated_seconds: float = strawberry.field(description="How long it would take.")
    discards_seconds: float = strawberry.field(
        description="Seconds of live history after the target that promoting would set aside."
    )

    @classmethod
    def of(cls, plan: restores.Plan, known: Mapping[str, backups.Backup]) -> Self:
        backup = known.get(plan.backup.id) or backups.Backup.of_manifest(plan.backup)
        return cls(
            target=plan.target.in_words(),
            backup=Backup.of(backup, known),
            timeline=plan.timeline,
            wal_segments=plan.wal_segments,
            bytes_to_restore=BigInt(plan.bytes_to_restore),
            bytes_free=BigInt(plan.bytes_free),
            estimated_seconds=plan.estimated_seconds,
            discards_seconds=plan.discards_seconds,
        )


RestorePlanResult = Annotated[
    RestorePlan | Refusal, strawberry.union("RestorePlanResult", description="The plan, or why there can be none.")
]
TriggerRestoreResult = Annotated[
    RestoreRun | Refusal,
    strawberry.union("TriggerRestoreResult", description="The restore, or why there will be none."),
]
RestoreRunResult = Annotated[
    RestoreRun | Refusal, strawberry.union("RestoreRunResult", description="The restore, or why that was declined.")
]


def _short(name: str) -> str:
    if not name or len(name) > LONGEST_NAME:
        raise BadInputError(f"A name has 1 to {LONGEST_NAME} characters.")
    return name


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
