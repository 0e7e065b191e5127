"""How far recovery is, asked of the server that recovers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from db.cluster import control, durable
from db.cluster.installation import Installation
from db.lsn import Lsn

SIGNAL = "standby.signal"
LABEL = "backup_label"

# The startup process waits like this when it has asked the archive and has found nothing more there.
EXHAUSTED = "RecoveryRetrieveRetryInterval"

STANDING = """
    SELECT pg_is_in_recovery()                                                             AS recovering,
           CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() = 'paused'
                ELSE false END                                                             AS paused,
           pg_last_wal_replay_lsn()                                                        AS lsn,
           pg_last_xact_replay_timestamp()                                                 AS committed_at,
           (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup')        AS waits_for
"""

# What a standby has to have at least as much of as its primary had; pg_controldata knows that.
AT_LEAST = {
    "max_connections": ("max_connections setting", 100),
    "max_worker_processes": ("max_worker_processes setting", 8),
    "max_wal_senders": ("max_wal_senders setting", 10),
    "max_prepared_transactions": ("max_prepared_xacts setting", 0),
    "max_locks_per_transaction": ("max_locks_per_xact setting", 64),
}


@dataclass(frozen=True)
class Standing:
    """`lsn` is what has been replayed, `committed_at` the last commit in it; `exhausted` when the WAL has ended."""

    recovering: bool
    paused: bool
    lsn: Lsn
    committed_at: datetime | None
    exhausted: bool


async def standing(connection: asyncpg.Connection) -> Standing:
    row = await connection.fetchrow(STANDING)
    assert row is not None  # noqa: S101 - one SELECT without FROM has one row
    return Standing(
        row["recovering"], row["paused"], Lsn(row["lsn"] or 0), row["committed_at"], row["waits_for"] == EXHAUSTED
    )


async def pause(connection: asyncpg.Connection) -> None:
    """Let nothing more be replayed, wherever recovery is."""
    await connection.execute("SELECT pg_wal_replay_pause()")


async def required_settings(installation: Installation, place: Path) -> dict[str, str]:
    """Return the settings without which recovery would stop, as high as the data directory asks for."""
    found = await control.read(installation, place) or {}
    return {name: str(max(least, _number(found, field))) for name, (field, least) in AT_LEAST.items()}


async def has_less(connection: asyncpg.Connection, needed: Mapping[str, str]) -> bool:
    """Return whether the server has less of anything than is needed."""
    for name, least in needed.items():
        if int(await connection.fetchval("SELECT current_setting($1)", name) or 0) < int(least):
            return True
    return False


async def begins_at(installation: Installation, place: Path) -> Lsn | None:
    """Return where recovery goes on in a data directory; None where a backup's label says it, or nobody does."""
    if (place / LABEL).exists():
        return None
    found = await control.read(installation, place) or {}
    redo = found.get("Latest checkpoint's REDO location")
    return Lsn.parse(redo) if redo else None


def make_standby(installation: Installation, place: Path) -> None:
    """See to it that recovery never ends by itself: a standby waits for WAL where there is none."""
    durable.write(place / SIGNAL, "")
    installation.user.own(place / SIGNAL)


def _number(found: Mapping[str, str], field: str) -> int:
    value = found.get(field, "")
    return int(value) if value.isdigit() else 0
