"""Puts a health report together."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from db import migrations
from db.engines import EngineRole, Engines
from db.fallback import FileEngines
from jobs.health import checks, of_file
from jobs.health.examination import Examination, examine
from jobs.health.outcome import HealthCheck, HealthStatus, NodeHealth, Report

DISK_PATIENCE: Final = timedelta(milliseconds=800)


def utc_now() -> datetime:
    return datetime.now(UTC)


@cache
def newest_revision() -> str:
    """Return what the running code expects; it is read from files, once."""
    return migrations.head()


async def report(
    engines: Engines, *, version: str, directories: Sequence[Path] = (), clock: Callable[[], datetime] = utc_now
) -> Report:
    """Measure everything, in two seconds at most even when servers or disks hang.

    Args:
        engines: whose nodes to look at.
        version: of this program.
        directories: whose file systems need room.
        clock: says what time it is.
    """
    now = clock()
    if isinstance(engines, FileEngines):
        return await of_file.report(engines, version=version, disks=_disks(directories), now=now)
    found, disks = await asyncio.gather(examine(engines, now=now), _disks(directories))
    revision = _revision(found)
    newest = newest_revision()
    results = [*_checks(found, now=now), checks.schema(revision, newest=newest), *disks]
    return Report(
        status=_overall(results),
        checked_at=now,
        version=version,
        schema_revision=revision,
        schema_is_current=revision == newest,
        nodes=[_node(each) for each in found],
        checks=results,
    )


def _checks(found: Sequence[Examination], *, now: datetime) -> list[HealthCheck]:
    led = any(each.leads for each in found)
    others = [each for each in found if not each.leads and (led or each.node.configured is EngineRole.REPLICA)]
    possible = [
        checks.primary(found),
        *(checks.replica(each) for each in others),
        *(checks.lag(each) for each in others),
        checks.heartbeat(found, now=now),
        *(checks.connections(each) for each in found),
        *(checks.pool(each) for each in found),
    ]
    return [check for check in possible if check is not None]


def _overall(results: Sequence[HealthCheck]) -> HealthStatus:
    """Only without a primary is the whole system down: without a replica it works."""
    if results[0].status is HealthStatus.DOWN:
        return HealthStatus.DOWN
    well = all(check.status is HealthStatus.HEALTHY for check in results)
    return HealthStatus.HEALTHY if well else HealthStatus.DEGRADED


def _revision(found: Sequence[Examination]) -> str | None:
    """Return the revision the primary is at, or a replica when the primary does not answer."""
    first_primary = sorted(found, key=lambda each: not each.leads)
    return next((each.measures.revision for each in first_primary if each.measures is not None), None)


def _node(each: Examination) -> NodeHealth:
    measures = each.measures
    return NodeHealth(
        name=each.node.name,
        role=each.node.role,
        status=_node_status(each),
        server_version=measures and measures.version,
        latency_ms=measures and measures.latency_ms,
        pool=each.node.reads.usage(),
        connections=measures and measures.connections,
        max_connections=measures and measures.max_connections,
        replay_lag_seconds=each.lag_seconds,
        replay_lag_bytes=each.lag_bytes,
    )


def _node_status(each: Examination) -> HealthStatus:
    if each.measures is None:
        return HealthStatus.DOWN
    return HealthStatus.HEALTHY if each.node.standing.fault is None else HealthStatus.DEGRADED


async def _disks(directories: Sequence[Path]) -> list[HealthCheck]:
    return await asyncio.gather(*(_disk(directory) for directory in directories))


async def _disk(directory: Path) -> HealthCheck:
    try:
        async with asyncio.timeout(DISK_PATIENCE.total_seconds()):
            return await asyncio.to_thread(checks.disk, directory)
    except TimeoutError:
        message = "Its file system does not answer. Look at the disk or the network it is on."
        return HealthCheck(name=f"disk {directory}", status=HealthStatus.DEGRADED, message=message)
