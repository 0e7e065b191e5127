"""What a running server says of itself, and whether a replica follows its primary."""

from dataclasses import dataclass

from db.cluster import urls
from db.cluster.connection import connected
from db.cluster.desired import ServerSpec
from db.cluster.installation import Installation, slot_of

STANDING = """
    SELECT pg_is_in_recovery()                                        AS in_recovery,
           (SELECT system_identifier::text FROM pg_control_system())  AS system_identifier,
           (SELECT status FROM pg_stat_wal_receiver)                  AS receiver,
           CASE WHEN pg_is_in_recovery()
                THEN pg_last_wal_replay_lsn()::text
                ELSE pg_current_wal_lsn()::text
           END                                                        AS lsn
"""

# Segment names without their timeline compare as positions.
FOLLOWABLE = """
    SELECT (SELECT system_identifier::text FROM pg_control_system())                AS system_identifier,
           (SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1)       AS slot,
           substr(pg_walfile_name($2::text::pg_lsn), 9)
             >= (SELECT min(substr(name, 9)) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$') AS has_wal
"""


@dataclass(frozen=True)
class Standing:
    in_recovery: bool
    system_identifier: str
    receiver: str | None
    lsn: str | None

    @property
    def streaming(self) -> bool:
        return self.receiver == "streaming"


async def standing(installation: Installation, spec: ServerSpec, timeout_seconds: int = 10) -> Standing:
    """Ask a server; raises one of `connection.AWAY` when it does not answer."""
    url = urls.admin(spec, installation.passwords, urls.MAINTENANCE_DATABASE)
    async with connected(url, timeout_seconds=timeout_seconds) as connection:
        row = await connection.fetchrow(STANDING)
    assert row is not None  # noqa: S101 - one SELECT without FROM has one row
    return Standing(**dict(row))


async def obstacle(installation: Installation, name: str, replica: Standing, primary: ServerSpec) -> str | None:
    """Return why a replica can never follow this primary again, or None when it may; creates its slot if missing.

    Raises one of `connection.AWAY` when the primary does not answer, so that nothing is known.
    """
    url = urls.admin(primary, installation.passwords, urls.MAINTENANCE_DATABASE)
    async with connected(url) as connection:
        row = await connection.fetchrow(FOLLOWABLE, slot_of(name), replica.lsn)
        assert row is not None  # noqa: S101 - one SELECT without FROM has one row
        if row["system_identifier"] != replica.system_identifier:
            return "it belongs to another database cluster"
        if row["slot"] == "lost":
            return "it was away for too long, and its replication slot is lost"
        if row["has_wal"] is False:
            return "the primary no longer has the WAL it needs"
        if row["slot"] is None:
            await connection.fetch("SELECT pg_create_physical_replication_slot($1, true)", slot_of(name))
    return None
