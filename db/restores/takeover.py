"""Makes a recovered server one that takes writes, on a timeline of its own, while nobody else can reach it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from db.cluster import slots
from db.cluster.connection import connected
from db.cluster.installation import slot_of
from db.cluster.passwords import Passwords, scram_verifier
from db.cluster.urls import APPLICATION, REPLICATION, SUPERUSER
from db.lsn import Lsn
from db.repository.place import Incarnation
from db.restores.server import PrivateServer

PROMOTE_SECONDS = 600
POLL_SECONDS = 0.1

RECOVERING = "SELECT pg_is_in_recovery()"
TIMELINE = "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
POSITION = "SELECT pg_current_wal_flush_lsn()"
ROLE_EXISTS = "SELECT true FROM pg_roles WHERE rolname = $1"


@dataclass(frozen=True)
class NewTimeline:
    number: int
    # A position at or after its beginning.
    lsn: Lsn


async def promote(server: PrivateServer, incarnation: Incarnation, replicas: Sequence[str]) -> NewTimeline:
    """Let a paused server begin a timeline of its own, whose WAL goes to the archive. Safe to repeat.

    It keeps all WAL of that timeline for the replicas, which may be rewound to its beginning.

    What ALTER SYSTEM may have set for archiving does not count here: it is said when the server is reloaded.
    """
    await server.add_settings(archiving(incarnation))
    async with connected(server.url, timeout_seconds=PROMOTE_SECONDS) as connection:
        if await connection.fetchval(RECOVERING):
            for replica in replicas:
                await connection.fetch(slots.CREATE, slot_of(replica))
            await connection.fetchval("SELECT pg_promote(true, $1)", PROMOTE_SECONDS)
        while await connection.fetchval(RECOVERING):
            server.require_alive()
            await asyncio.sleep(POLL_SECONDS)
        # Its data directory says which timeline it is on from here on.
        await connection.execute("CHECKPOINT")
        return NewTimeline(int(await connection.fetchval(TIMELINE) or 0), Lsn(await connection.fetchval(POSITION) or 0))


def archiving(incarnation: Incarnation) -> dict[str, str]:
    """Return the settings by which it archives; the mode itself was on from its start."""
    return {
        "archive_library": "basic_archive",
        "basic_archive.archive_directory": str(incarnation.incoming),
    }


async def set_passwords(connection: asyncpg.Connection, passwords: Passwords) -> None:
    """Give the roles the passwords of this installation: a restored database has those of its time."""
    known = {
        SUPERUSER: passwords.superuser,
        APPLICATION: passwords.application,
        REPLICATION: passwords.replication,
    }
    for role, password in known.items():
        if await connection.fetchval(ROLE_EXISTS, role):
            # The verifier has no quote in it, and ALTER ROLE takes no parameters.
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{scram_verifier(password)}'")


def history_is_archived(incarnation: Incarnation, timeline: int) -> bool:
    name = incarnation.history(timeline).name
    return any((directory / name).exists() for directory in (incarnation.wal, incarnation.incoming))
