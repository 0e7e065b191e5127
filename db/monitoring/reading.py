"""A quick look at one server, at every tick."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from db.engines.observation import Observation, observe
from db.lsn import Lsn
from db.monitoring import views
from db.monitoring.literals import without_literals
from db.monitoring.snapshot import (
    Archiver,
    CheckpointCounters,
    Connections,
    DatabaseCounters,
    Sender,
    Session,
    Slot,
    Statistics,
    Table,
)
from db.monitoring.statements import statements

CHECKPOINTER_SINCE: Final = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was seen, without lag and survey; and the state that lag is told from, by comparing servers."""

    observation: Observation
    statistics: Statistics


async def read(connection: asyncpg.Connection) -> Reading:
    """Read the statistics views once."""
    seen = await observe(connection)
    standby = seen.in_recovery
    server = await _row(connection, views.SERVER)
    connections = await _row(connection, views.CONNECTIONS)
    statistics = Statistics(
        version=server["version"].split(" ")[0],
        started_at=server["started_at"],
        in_recovery=standby,
        latency_ms=seen.latency_ms,
        database_bytes=server["database_bytes"],
        counters=DatabaseCounters(**await _row(connection, views.COUNTERS)),
        checkpoints=None if standby else await _checkpoints(connection),
        connections=Connections(**connections, maximum=server["maximum"]),
        sessions=tuple(map(_session, await _rows(connection, views.SESSIONS))),
        senders=tuple(Sender(**row) for row in await _rows(connection, views.SENDERS)),
        slots=tuple(Slot(**row) for row in await _rows(connection, views.SLOTS)),
        archiver=None if standby else Archiver(**await _row(connection, views.ARCHIVER)),
        streaming=seen.streaming if standby else None,
        lag_seconds=None,
        lag_bytes=None,
        statements=await statements(connection),
        surveyed_at=None,
        tables=await _tables(connection),
        indexes=(),
        sequences=(),
        transaction_ages=(),
        lsn=Lsn(await connection.fetchval(views.POSITION) or 0),
    )
    return Reading(observation=seen, statistics=statistics)


async def _checkpoints(connection: asyncpg.Connection) -> CheckpointCounters:
    newer = connection.get_server_version().major >= CHECKPOINTER_SINCE
    return CheckpointCounters(**await _row(connection, views.CHECKPOINTS_17 if newer else views.CHECKPOINTS))


async def _tables(connection: asyncpg.Connection) -> tuple[Table, ...]:
    try:
        rows = await connection.fetch(views.TABLES, True)  # noqa: FBT003 - a parameter of the statement
    except (asyncpg.LockNotAvailableError, asyncpg.UndefinedTableError):  # locked, or dropped meanwhile
        rows = await connection.fetch(views.TABLES, False)  # noqa: FBT003 - the same
    return tuple(Table(**row, bloat_percent=None, bloat_is_estimate=False) for row in map(dict, rows))


def _session(row: dict[str, Any]) -> Session:
    query, blocked_by = row.pop("query"), row.pop("blocked_by")
    return Session(**row, query=without_literals(query), blocked_by=tuple(blocked_by))


async def _row(connection: asyncpg.Connection, statement: str) -> dict[str, Any]:
    row = await connection.fetchrow(statement)
    assert row is not None  # noqa: S101 - each of these views has one row
    return dict(row)


async def _rows(connection: asyncpg.Connection, statement: str) -> Iterable[dict[str, Any]]:
    return map(dict, await connection.fetch(statement))
