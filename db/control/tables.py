"""The rows of the control store."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from db.control import columns


class OperationState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class RestoreState(StrEnum):
    QUEUED = "QUEUED"
    PLANNING = "PLANNING"
    RESTORING = "RESTORING"
    RECOVERING = "RECOVERING"
    VERIFYING = "VERIFYING"
    READY = "READY"
    PROMOTING = "PROMOTING"
    PROMOTED = "PROMOTED"
    ROLLING_BACK = "ROLLING_BACK"
    ROLLED_BACK = "ROLLED_BACK"
    DISCARDED = "DISCARDED"
    FAILED = "FAILED"


class Operation(columns.Row, table=True):
    """Something the worker does because somebody, or the schedule, asked for it."""

    __tablename__: ClassVar[str] = "operation"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = (Index("ix_operation_open", "state", "kind", "requested_at"),)

    id: str = Field(primary_key=True)
    kind: str
    state: OperationState = OperationState.QUEUED
    # What to do it with, and what came of it, by names that its kind knows.
    arguments: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    outcome: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    requested_by: str
    requested_at: datetime = columns.moment()
    started_at: datetime | None = columns.optional_moment()
    finished_at: datetime | None = columns.optional_moment()
    # How often a worker has begun it: more than once after a crash or a stop in the middle.
    attempts: int = 0
    # How often a worker died in it.
    losses: int = 0
    # 0 to 1.
    progress: float = 0.0
    message: str = ""
    error: str | None = None
    # Grows with every change, so that whoever watches sees each state once.
    version: int = 0
    changed_at: datetime = columns.moment()


class RestoreRun(columns.Row, table=True):
    """One restore, from the request to its end; several operations may work on it, one at a time."""

    __tablename__: ClassVar[str] = "restore_run"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = (Index("ix_restore_run_requested", "requested_at", "id"),)

    id: str = Field(primary_key=True)
    state: RestoreState = RestoreState.QUEUED
    # One of 'time' (ISO 8601 in UTC), 'lsn', 'point', 'backup' (its id) and 'latest' (no value).
    target_kind: str
    target_value: str = ""
    # Promote by itself once verified.
    promote: bool = False
    # Thrown away once verified: its duration is what it was done for.
    drill: bool = False
    reason: str
    requested_by: str
    requested_at: datetime = columns.moment()
    started_at: datetime | None = columns.optional_moment()
    finished_at: datetime | None = columns.optional_moment()
    backup_id: str | None = None
    timeline: int | None = None
    # How far recovery goes and what it needs, by names that jobs/restores/plan.py knows.
    plan: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # Names of data directories below the clusters: the restored one, and after a promotion the one that was live.
    directory: str | None = None
    kept_directory: str | None = None
    recovered_to: datetime | None = columns.optional_moment()
    recovered_lsn: str | None = None
    # After a promotion: the timeline it made, and where it began.
    promoted_timeline: int | None = None
    promoted_lsn: str | None = None
    # What the database held then, for a rollback to tell whether anything was committed since.
    fingerprint: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # 0 to 1.
    progress: float = 0.0
    # Of each step: name, state, startedAt, finishedAt, message; moments as ISO 8601.
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    # Of each table: table, liveRows, restoredRows.
    differences: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    error: str | None = None
    version: int = 0
    changed_at: datetime = columns.moment()


class AuditEntry(columns.Row, table=True):
    """Who did what, when, from where, and what came of it; never changed, nor removed."""

    __tablename__: ClassVar[str] = "audit_entry"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    number: int | None = Field(default=None, primary_key=True)
    at: datetime = columns.moment()
    who: str
    action: str
    subject: str
    result: str
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # From where, and with which token (its id), where it was asked for over the network.
    address: str | None = None
    token: str | None = None
    # Of this entry and the hash before it; db/control/chain.py makes it.
    hash: str


class ScheduledRun(columns.Row, table=True):
    """One run of the schedule: due at a moment, asked for once, however often the worker restarts."""

    __tablename__: ClassVar[str] = "scheduled_run"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = (UniqueConstraint("job", "due_at"),)

    number: int | None = Field(default=None, primary_key=True)
    job: str
    due_at: datetime = columns.moment()
    # None until it was asked for: a worker that dies in between is followed by one that asks.
    asked_at: datetime | None = columns.optional_moment()
    # None when there was nothing to do.
    operation_id: str | None = None


class StoreVersion(columns.Row, table=True):
    """The one row that says which shape the store has."""

    __tablename__: ClassVar[str] = "store_version"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    id: int = Field(default=1, primary_key=True)
    version: int
