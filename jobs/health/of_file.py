"""The health report of a database file: what it is, what it lacks, and how it does."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime

from db.fallback import NEEDED, FileEngines
from db.fallback.engines import FileMeasures
from jobs.health import checks
from jobs.health.examination import Examination
from jobs.health.outcome import HealthCheck, HealthStatus, NodeHealth, Report

MIB = 1024**2

# Beyond this a reader has kept the log from being taken over into the file for long.
MOST_WAL_BYTES = 256 * MIB


async def report(
    engines: FileEngines, *, version: str, disks: Awaitable[Sequence[HealthCheck]], now: datetime
) -> Report:
    """Measure the file. It is DEGRADED at best: there is no replica, no moment to restore to, and no statistics."""
    from db.fallback import migrations  # noqa: PLC0415 - it imports Alembic, which most commands do without

    measures, rooms = await asyncio.gather(engines.node.look(), disks)
    node, newest = engines.node, migrations.head()
    revision = measures.revision if measures else None
    results = [_database(engines, measures), checks.schema(revision, newest=newest)]
    if measures is not None:
        results.append(_log(measures))
    results += [checks.pool(Examination(node, leads=True, measures=None, lag_seconds=None, lag_bytes=None)), *rooms]
    status = HealthStatus.DOWN if measures is None else HealthStatus.DEGRADED
    return Report(
        status=status,
        checked_at=now,
        version=version,
        schema_revision=revision,
        schema_is_current=revision == newest,
        nodes=[_node(engines, measures)],
        checks=results,
    )


def _database(engines: FileEngines, measures: FileMeasures | None) -> HealthCheck:
    if measures is None:
        return HealthCheck(name="database", status=HealthStatus.DOWN, message=engines.node.standing.fault or "")
    return HealthCheck(
        name="database",
        status=HealthStatus.DEGRADED,
        message=f"The SQLite file {engines.node.path} answers in place of PostgreSQL: there is no replica, no restore "
        f"to a moment between backups, and nobody judges alert rules. {NEEDED}",
        value=measures.size_bytes,
        unit="bytes",
    )


def _log(measures: FileMeasures) -> HealthCheck:
    well = measures.wal_bytes <= MOST_WAL_BYTES
    return HealthCheck(
        name="write-ahead log",
        status=HealthStatus.HEALTHY if well else HealthStatus.DEGRADED,
        message=f"{measures.wal_bytes / MIB:.1f} MiB wait to be taken over into the file."
        + ("" if well else " Some reader keeps it open: restart the processes that use the file."),
        value=measures.wal_bytes,
        unit="bytes",
        threshold=MOST_WAL_BYTES,
    )


def _node(engines: FileEngines, measures: FileMeasures | None) -> NodeHealth:
    node = engines.node
    return NodeHealth(
        name=node.name,
        role=node.role,
        status=HealthStatus.DOWN if measures is None else HealthStatus.HEALTHY,
        server_version=measures and f"SQLite {measures.version}",
        latency_ms=measures and measures.latency_ms,
        pool=node.reads.usage(),
        connections=None,
        max_connections=None,
        replay_lag_seconds=None,
        replay_lag_bytes=None,
    )
