"""The rows of monitoring: snapshots, baselines, and what API processes say of themselves."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, LargeBinary
from sqlmodel import Field

from db.control import columns


class SnapshotRow(columns.Row, table=True):
    """One snapshot of all servers; thinned as it grows old."""

    __tablename__: ClassVar[str] = "snapshot"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    number: int | None = Field(default=None, primary_key=True)
    taken_at: datetime = columns.indexed_moment()
    # The snapshot as JSON, compressed.
    body: bytes = Field(sa_type=LargeBinary)


class Baseline(columns.Row, table=True):
    """How the database did at a time that later times are compared with."""

    __tablename__: ClassVar[str] = "baseline"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = (Index("ix_baseline_taken", "taken_at", "id"),)

    id: str = Field(primary_key=True)
    label: str | None = None
    taken_at: datetime = columns.moment()
    created_by: str
    # Of each metric: name, value, unit, and how it is compared, by names that jobs/baselines knows.
    metrics: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class ApiProcess(columns.Row, table=True):
    """What a process that serves the API last said of itself; one that has gone says nothing any more."""

    __tablename__: ClassVar[str] = "api_process"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    # 'host:pid'.
    id: str = Field(primary_key=True)
    seen_at: datetime = columns.moment()
    # Of each node's pool: node, size, inUse, waiting, maximum.
    pools: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
