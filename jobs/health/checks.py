"""The checks of a health report: each says what was found, and what to do when that is not well."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from db.engines import EngineRole
from jobs.health.examination import Examination
from jobs.health.outcome import HealthCheck, HealthStatus

HEALTHY, DEGRADED, DOWN = HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.DOWN

GIB: Final = 1024**3
DISK_SHARE: Final = 0.1
DISK_ENOUGH_BYTES: Final = 10 * GIB
CONNECTIONS_PERCENT: Final = 85.0
HEARTBEAT_AGE: Final = timedelta(seconds=60)


def primary(found: Sequence[Examination]) -> HealthCheck:
    leader = next((each for each in found if each.leads and each.measures is not None), None)
    if leader is not None:
        return HealthCheck(name="primary", status=HEALTHY, message=f"{leader.node.name} takes reads and writes.")
    meant = next(each.node for each in found if each.node.configured is EngineRole.PRIMARY)
    why = meant.standing.fault or ("It is a standby." if meant.in_recovery else "It does not answer.")
    return HealthCheck(
        name="primary",
        status=DOWN,
        message=f"No server takes writes. {meant.name}: {why} Start it, and read its log if it does not stay up.",
    )


def replica(each: Examination) -> HealthCheck:
    """Say whether a node that does not lead is there to answer reads."""
    name, standing = f"replica {each.node.name}", each.node.standing
    if each.measures is None:
        why = standing.fault or "It does not answer."
        advice = "Reads go elsewhere until it is back; start it, and read its log."
        return HealthCheck(name=name, status=DOWN, message=f"{why} {advice}")
    if standing.fault is not None:
        return HealthCheck(name=name, status=DEGRADED, message=f"{standing.fault} Reads go elsewhere until then.")
    return HealthCheck(name=name, status=HEALTHY, message="It follows the primary and answers reads.")


def lag(each: Examination) -> HealthCheck | None:
    """Compare a replica's lag with what is allowed; None when it could not be measured."""
    if each.lag_seconds is None:
        return None
    allowed = each.node.options.max_lag.total_seconds()
    well = each.lag_seconds <= allowed
    distance = "" if each.lag_bytes is None else f", {each.lag_bytes:,} bytes"
    advice = "" if well else " Look for a long query or a slow disk there, or for a broken connection to the primary."
    return HealthCheck(
        name=f"replication lag {each.node.name}",
        status=HEALTHY if well else DEGRADED,
        message=f"{each.lag_seconds:.1f} s{distance} behind.{advice}",
        value=each.lag_seconds,
        unit="seconds",
        threshold=allowed,
    )


def heartbeat(found: Sequence[Examination], *, now: datetime) -> HealthCheck | None:
    """Say whether the heartbeat is written, without which a replica's lag in seconds cannot be told."""
    leader = next((each.node for each in found if each.leads), None)
    seen = leader.standing.observation if leader is not None else None
    if seen is None or seen.beat_at is None or len(found) == 1:
        return None
    age = max(timedelta(0), now - seen.beat_at)
    well = age <= HEARTBEAT_AGE
    return HealthCheck(
        name="heartbeat",
        status=HEALTHY if well else DEGRADED,
        message=f"Written {age.total_seconds():.0f} s ago."
        + ("" if well else " Lag in seconds cannot be told: run the jobs, as `yukyu up` does."),
        value=age.total_seconds(),
        unit="seconds",
        threshold=HEARTBEAT_AGE.total_seconds(),
    )


def connections(each: Examination) -> HealthCheck | None:
    if each.measures is None:
        return None
    used, most = each.measures.connections, each.measures.max_connections
    percent = 100 * used / most
    well = percent < CONNECTIONS_PERCENT
    return HealthCheck(
        name=f"connections {each.node.name}",
        status=HEALTHY if well else DEGRADED,
        message=f"{used} of {most} are taken."
        + ("" if well else " Run fewer processes or smaller pools, or raise max_connections."),
        value=percent,
        unit="percent",
        threshold=CONNECTIONS_PERCENT,
    )


def pool(each: Examination) -> HealthCheck:
    usage = each.node.reads.usage()
    well = usage.waiting <= usage.maximum
    return HealthCheck(
        name=f"pool {each.node.name}",
        status=HEALTHY if well else DEGRADED,
        message=f"{usage.in_use} of {usage.maximum} connections are in use, {usage.waiting} reads wait for one."
        + ("" if well else " Look for slow queries, or run another API process."),
        value=usage.waiting,
        unit="reads",
        threshold=usage.maximum,
    )


def schema(revision: str | None, *, newest: str) -> HealthCheck:
    if revision == newest:
        return HealthCheck(name="schema", status=HEALTHY, message=f"Revision {revision} is the newest.")
    if revision is None:
        message = f"The database has no revision, or does not answer; this program expects {newest}."
    else:
        message = f"The database is at revision {revision}, this program expects {newest}."
    advice = "Run `yukyu db upgrade`, or a newer program if the database is ahead of this one."
    return HealthCheck(name="schema", status=DEGRADED, message=f"{message} {advice}")


def disk(directory: Path) -> HealthCheck:
    """Compare the free space of a directory's file system with a tenth of it, or 10 GiB where that is less."""
    name = f"disk {directory}"
    try:
        usage = shutil.disk_usage(directory)
    except OSError as error:
        return HealthCheck(name=name, status=DEGRADED, message=f"It cannot be read: {error.strerror}. Is it mounted?")
    least = min(usage.total * DISK_SHARE, DISK_ENOUGH_BYTES)
    well = usage.free >= least
    return HealthCheck(
        name=name,
        status=HEALTHY if well else DEGRADED,
        message=f"{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB are free."
        + ("" if well else " Make room: PostgreSQL stops when the disk is full."),
        value=usage.free,
        unit="bytes",
        threshold=least,
    )
