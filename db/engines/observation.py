"""What one look at a server says about it."""

from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Final

import asyncpg

from db.lsn import Lsn

# One round trip. On a primary the position is what is flushed, for only that is sent to replicas;
# on a standby what is replayed. A server not yet migrated has no heartbeat table, hence the second statement.
STATE: Final = """
    SELECT recovering,
           CASE WHEN recovering THEN pg_last_wal_replay_lsn()  ELSE pg_current_wal_flush_lsn() END AS lsn,
           CASE WHEN recovering THEN pg_last_wal_receive_lsn() END                                 AS received,
           CASE WHEN recovering THEN (SELECT timeline_id FROM pg_control_checkpoint())
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
           END                                                                                     AS timeline,
           (SELECT system_identifier FROM pg_control_system())                                     AS system_identifier,
           (SELECT count(*) > 0 FROM pg_stat_wal_receiver
            WHERE  pid IS NOT NULL AND coalesce(status, 'streaming') = 'streaming')                AS streaming,
           CASE WHEN recovering THEN pg_is_wal_replay_paused() ELSE false END                      AS paused,
           coalesce(has_table_privilege(to_regclass('replication_heartbeat'), 'SELECT'), false)    AS beats
    FROM   pg_is_in_recovery() AS recovering
"""
BEAT: Final = "SELECT beat_at FROM replication_heartbeat"


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of a server at one moment.

    `lsn` is what a primary has flushed or a standby has replayed, `received` what a standby holds on disk;
    `beat_at` is the heartbeat as this server knows it; `latency_ms` is the round trip of `STATE`.
    """

    in_recovery: bool
    lsn: Lsn
    received: Lsn | None
    timeline: int
    system_identifier: int
    streaming: bool
    paused: bool
    beat_at: datetime | None
    latency_ms: float


async def observe(connection: asyncpg.Connection) -> Observation:
    started = perf_counter()
    state = await connection.fetchrow(STATE)
    latency_ms = (perf_counter() - started) * 1000
    assert state is not None  # noqa: S101 - a function in FROM gives one row
    return Observation(
        in_recovery=state["recovering"],
        lsn=Lsn(state["lsn"] or 0),
        received=None if state["received"] is None else Lsn(state["received"]),
        timeline=state["timeline"],
        system_identifier=state["system_identifier"],
        streaming=state["streaming"],
        paused=state["paused"],
        beat_at=await connection.fetchval(BEAT) if state["beats"] else None,
        latency_ms=latency_ms,
    )
