"""How the system is, as jobs.health measures it."""

from datetime import datetime
from typing import Self

import strawberry

from jobs import health
from schema.scalars import BigInt
from schema.types.enums import EngineRole, HealthStatus


@strawberry.type(description="One thing that was looked at.")
class HealthCheck:
    name: str = strawberry.field(description="What was looked at.")
    status: HealthStatus = strawberry.field(description="How it is.")
    message: str = strawberry.field(description="In words; says what to do when it is not healthy.")
    value: float | None = strawberry.field(description="What was measured, where it is a number.")
    unit: str | None = strawberry.field(description="The number's unit.")
    threshold: float | None = strawberry.field(description="Where it stops being healthy.")

    @classmethod
    def of(cls, check: health.HealthCheck) -> Self:
        return cls(
            name=check.name,
            status=check.status,
            message=check.message,
            value=check.value,
            unit=check.unit,
            threshold=check.threshold,
        )


@strawberry.type(description="The connections this process holds to a node.")
class PoolUsage:
    size: int = strawberry.field(description="Connections open.")
    in_use: int = strawberry.field(description="Of these, at work now.")
    waiting: int = strawberry.field(description="Requests waiting for one.")
    maximum: int = strawberry.field(description="The most there may be.")

    @classmethod
    def of(cls, pool: health.PoolUsage) -> Self:
        return cls(size=pool.size, in_use=pool.in_use, waiting=pool.waiting, maximum=pool.maximum)


@strawberry.type(description="One database server.")
class NodeHealth:
    name: str = strawberry.field(description="Its name here.")
    role: EngineRole = strawberry.field(description="What it is.")
    status: HealthStatus = strawberry.field(description="How it is.")
    server_version: str | None = strawberry.field(description="PostgreSQL's version; null when it does not answer.")
    latency_ms: float | None = strawberry.field(description="Round trip of a trivial statement.")
    pool: PoolUsage = strawberry.field(description="This process's connections to it.")
    connections: int | None = strawberry.field(description="Client connections it has, of all processes.")
    max_connections: int | None = strawberry.field(description="The most it takes.")
    replay_lag_seconds: float | None = strawberry.field(
        description="Replicas only: 0 when everything received is replayed."
    )
    replay_lag_bytes: BigInt | None = strawberry.field(description="Replicas only: bytes behind the primary.")

    @classmethod
    def of(cls, node: health.NodeHealth) -> Self:
        return cls(
            name=node.name,
            role=node.role,
            status=node.status,
            server_version=node.server_version,
            latency_ms=node.latency_ms,
            pool=PoolUsage.of(node.pool),
            connections=node.connections,
            max_connections=node.max_connections,
            replay_lag_seconds=node.replay_lag_seconds,
            replay_lag_bytes=None if node.replay_lag_bytes is None else BigInt(node.replay_lag_bytes),
        )


@strawberry.type(description="How the system is.")
class HealthReport:
    status: HealthStatus = strawberry.field(description="The worst of all nodes and checks.")
    checked_at: datetime = strawberry.field(description="When it was measured.")
    version: str = strawberry.field(description="Version of the software.")
    schema_revision: str | None = strawberry.field(
        description="The Alembic revision the database is at, and whether it is the newest."
    )
    schema_is_current: bool = strawberry.field(description="Whether that revision is the newest this software knows.")
    nodes: list[NodeHealth] = strawberry.field(description="The database servers.")
    checks: list[HealthCheck] = strawberry.field(description="Everything that was looked at.")

    @classmethod
    def of(cls, report: health.Report) -> Self:
        return cls(
            status=report.status,
            checked_at=report.checked_at,
            version=report.version,
            schema_revision=report.schema_revision,
            schema_is_current=report.schema_is_current,
            nodes=[NodeHealth.of(node) for node in report.nodes],
            checks=[HealthCheck.of(check) for check in report.checks],
        )
