"""The replication slots by which a primary keeps the WAL that its replicas still need."""

import asyncio

from db.cluster import urls
from db.cluster.connection import AWAY, connected
from db.cluster.desired import Desired, Role, ServerSpec
from db.cluster.errors import PrimaryAwayError
from db.cluster.installation import Installation, slot_of

FREE = """
    SELECT pg_terminate_backend(active_pid)
    FROM   pg_replication_slots
    WHERE  slot_name = $1 AND active
"""

DROP = """
    SELECT pg_drop_replication_slot(slot_name)
    FROM   pg_replication_slots
    WHERE  slot_name = $1 AND NOT active
"""

# Reserved at once: the WAL that the replica needs next must stay.
CREATE = """
    SELECT pg_create_physical_replication_slot($1, true)
    WHERE  NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)
"""

EXISTS = "SELECT true FROM pg_replication_slots WHERE slot_name = $1"

ATTEMPTS, PAUSE_SECONDS = 50, 0.1


async def drop(installation: Installation, primary: ServerSpec, server: str) -> None:
    """Drop a replica's slot if there is one, and end who uses it: the replica is about to have another, or none."""
    slot = slot_of(server)
    try:
        async with connected(urls.replication(primary, installation.passwords)) as connection:
            for _ in range(ATTEMPTS):
                await connection.fetch(FREE, slot)
                await connection.fetch(DROP, slot)
                if not await connection.fetchval(EXISTS, slot):
                    return
                await asyncio.sleep(PAUSE_SECONDS)
    except AWAY as failure:
        raise PrimaryAwayError(f"The primary on port {primary.port} does not answer: {failure}") from failure


async def drop_unwanted(installation: Installation, primary: ServerSpec, desired: Desired) -> None:
    """Drop the slots of replicas that should not run: they would keep WAL for nobody."""
    for name, spec in desired.servers.items():
        if spec.role is Role.REPLICA and not spec.running:
            await drop(installation, primary, name)
