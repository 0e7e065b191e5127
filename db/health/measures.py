"""What a server says about itself when asked for a health report."""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

import asyncpg

from db.lsn import Lsn

# pg_stat_database counts the backends of everybody without any right to see them.
MEASURES: Final = """
    SELECT current_setting('server_version')                                              AS version,
           (SELECT sum(numbackends)::int FROM pg_stat_database)                           AS connections,
           current_setting('max_connections')::int                                        AS max_connections,
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END                AS replayed,
           coalesce(has_table_privilege(to_regclass('alembic_version'), 'SELECT'), false) AS migrated
"""
REVISION: Final = "SELECT max(version_num) FROM alembic_version"


@dataclass(frozen=True, slots=True)
class Measures:
    """`latency_ms` is the round trip of a trivial statement, `replayed` a standby's position now."""

    version: str
    latency_ms: float
    connections: int
    max_connections: int
    replayed: Lsn | None
    revision: str | None


async def measure(connection: asyncpg.Connection) -> Measures:
    row = await connection.fetchrow(MEASURES)
    assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
    revision = await connection.fetchval(REVISION) if row["migrated"] else None
    return Measures(
        version=row["version"].split(" ")[0],
        latency_ms=await _round_trip(connection),
        connections=row["connections"],
        max_connections=row["max_connections"],
        replayed=None if row["replayed"] is None else Lsn(row["replayed"]),
        revision=revision,
    )


async def _round_trip(connection: asyncpg.Connection) -> float:
    started = perf_counter()
    await connection.execute("SELECT 1")
    return (perf_counter() - started) * 1000
