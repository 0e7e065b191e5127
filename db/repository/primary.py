"""What the archive asks of the primary, and says to it."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from db.cluster import urls
from db.cluster.archive import RECEIVER
from db.cluster.connection import connected
from db.cluster.desired import Role, ServerSpec
from db.cluster.errors import PrimaryAwayError
from db.cluster.installation import Installation
from db.lsn import Lsn
from db.repository.marks import Mark

# A commit that leaves nothing behind but its record; whoever waits for the archive does not wait for this.
LOCAL = "SET synchronous_commit = local"
BEAT = "SELECT clock_timestamp() AS at, pg_logical_emit_message(true, 'yukyu', '')"

# The name of a segment begins with its timeline.
POSITION = """
    SELECT pg_current_wal_flush_lsn()::text                      AS lsn,
           substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8) AS timeline
"""

STANDING = """
    SELECT failed_count,
           last_failed_time > coalesce(last_archived_time, '-infinity')                          AS fails,
           last_failed_time,
           ARRAY(SELECT left(name, -6) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready')  AS ready,
           (SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1)                     AS slot,
           EXISTS (SELECT FROM pg_stat_replication WHERE application_name = $1)                   AS receives
    FROM   pg_stat_archiver
"""

RELOAD = "SELECT pg_reload_conf()"


@dataclass(frozen=True)
class Standing:
    """How archiving goes, as the primary sees it."""

    failed_count: int
    # Since when the server has failed to hand over a segment; None while it does not fail.
    fails_since: datetime | None
    # Files that it has finished, and not handed over yet.
    ready: tuple[str, ...]
    # pg_replication_slots.wal_status of the receiver's slot.
    slot: str | None
    receives: bool


def spec(installation: Installation) -> ServerSpec:
    """Return the primary, as the desired state has it now.

    Raises:
        PrimaryAwayError: there should be none.
    """
    desired = installation.states.desired()
    for name, server in desired.servers.items():
        if server.role is Role.PRIMARY and server.running and name not in desired.paused:
            return server
    raise PrimaryAwayError("There is no primary at the moment.")


async def connect(installation: Installation) -> asyncpg.Connection:
    """Open a connection to keep, for `beat`; raises one of `connection.AWAY`."""
    url = urls.admin(spec(installation), installation.passwords, urls.MAINTENANCE_DATABASE)
    connection = await asyncpg.connect(url, timeout=10, command_timeout=10)
    await connection.execute(LOCAL)
    return connection


async def beat(connection: asyncpg.Connection) -> Mark:
    """Commit something, and return when and where that was."""
    at = await connection.fetchval(BEAT)
    position = await connection.fetchrow(POSITION)
    assert at is not None  # noqa: S101 - the clock has a time
    assert position is not None  # noqa: S101 - a SELECT without FROM has one row
    return Mark(at, int(position["timeline"], 16), Lsn.parse(position["lsn"]))


async def standing(installation: Installation) -> Standing:
    """Ask the primary; raises one of `connection.AWAY`, or `PrimaryAwayError`."""
    async with connected(urls.admin(spec(installation), installation.passwords, urls.MAINTENANCE_DATABASE)) as primary:
        row = await primary.fetchrow(STANDING, RECEIVER)
    assert row is not None  # noqa: S101 - the view has one row
    return Standing(
        failed_count=row["failed_count"],
        fails_since=row["last_failed_time"] if row["fails"] else None,
        ready=tuple(row["ready"]),
        slot=row["slot"],
        receives=row["receives"],
    )


async def reload(installation: Installation) -> None:
    """Let the server look again for a directory that was not there when it started."""
    async with connected(urls.admin(spec(installation), installation.passwords, urls.MAINTENANCE_DATABASE)) as primary:
        await primary.execute(RELOAD)
