"""What a health report is made of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.engines import EngineRole, PoolUsage


class HealthStatus(StrEnum):
    """DOWN when nobody can write; DEGRADED when something needs a person, and the system does its work."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One thing that was looked at; the message says what to do when it is not healthy."""

    name: str
    status: HealthStatus
    message: str
    value: float | None = None
    unit: str | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """One database server; what could not be measured is None. The lag is None for a primary."""

    name: str
    role: EngineRole
    status: HealthStatus
    server_version: str | None
    latency_ms: float | None
    pool: PoolUsage
    connections: int | None
    max_connections: int | None
    replay_lag_seconds: float | None
    replay_lag_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    status: HealthStatus
    checked_at: datetime
    version: str
    schema_revision: str | None
    schema_is_current: bool
    nodes: list[NodeHealth]
    checks: list[HealthCheck]
