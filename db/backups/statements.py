"""What a primary is asked about base backups."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from db.lsn import Lsn

# Of what a backup needs to know before it begins.
FACTS = """
    SELECT current_setting('server_version_num')::int / 10000        AS major,
           pg_is_in_recovery()                                       AS in_recovery,
           current_setting('archive_mode') <> 'off'                  AS archives,
           coalesce(current_setting('summarize_wal', true) = 'on', false) AS summarizes,
           (SELECT sum(pg_database_size(oid))::bigint FROM pg_database) AS database_bytes,
           (SELECT count(*) FROM pg_tablespace
             WHERE spcname NOT IN ('pg_default', 'pg_global'))       AS tablespaces
"""

# The server works out how much there is before it sends the first file; until then it is NULL.
PROGRESS = """
    SELECT CASE WHEN progress.backup_total > 0
                THEN least(progress.backup_streamed::float8 / progress.backup_total, 1) END
    FROM   pg_stat_progress_basebackup AS progress
    JOIN   pg_stat_activity USING (pid)
    WHERE  application_name = $1
"""

# The name of the WAL file being written begins with its timeline.
RESTORE_POINT = """
    WITH   point AS MATERIALIZED (SELECT pg_create_restore_point($1) AS lsn)
    SELECT lsn::text                                                            AS lsn,
           ('x' || left(pg_walfile_name(lsn), 8))::bit(32)::bigint::int         AS timeline,
           clock_timestamp()                                                    AS at
    FROM   point
"""

# A restore point alone is not brought to the disk; a commit after it is, and it with it.
FLUSH = "SELECT pg_logical_emit_message(true, 'yukyu', 'restore point')"


@dataclass(frozen=True)
class Facts:
    major: int
    in_recovery: bool
    archives: bool
    summarizes: bool
    database_bytes: int
    tablespaces: int


async def facts(connection: asyncpg.Connection) -> Facts:
    row = await connection.fetchrow(FACTS)
    assert row is not None  # noqa: S101 - it has no FROM
    return Facts(**dict(row))


async def progress(connection: asyncpg.Connection, application_name: str) -> float | None:
    """Return how much of a backup the server has sent, from 0 to 1."""
    return await connection.fetchval(PROGRESS, application_name)


async def create_restore_point(connection: asyncpg.Connection, name: str) -> tuple[Lsn, int, datetime]:
    """Write a restore point to the disk; return its position, its timeline and a moment right after it."""
    row = await connection.fetchrow(RESTORE_POINT, name)
    assert row is not None  # noqa: S101 - it has one row always
    await connection.execute(FLUSH)
    return Lsn.parse(row["lsn"]), row["timeline"], row["at"]
