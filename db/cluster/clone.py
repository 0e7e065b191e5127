"""Makes the data directory of a replica: a base backup of its primary, whole or not at all."""

import re
from pathlib import Path

from db.cluster import durable, programs
from db.cluster.connection import AWAY, connected
from db.cluster.desired import ServerSpec
from db.cluster.errors import PrimaryAwayError
from db.cluster.initialise import prepare
from db.cluster.installation import REPLICATION, Installation, Progress, slot_of
from db.cluster.settings import conninfo

PERCENT = re.compile(r"\((\d+)%\)")

# A slot left by an earlier life of the replica promises WAL the new one does not need, or is lost altogether.
DROP_SLOT = """
    SELECT pg_drop_replication_slot(slot_name)
    FROM   pg_replication_slots
    WHERE  slot_name = $1 AND NOT active
"""


async def clone(
    installation: Installation, name: str, data_directory: Path, primary: ServerSpec, *, durably: bool
) -> None:
    """Copy the primary into a new directory that then takes the place of the old one."""
    step = f"Copying the primary for the {name}"
    installation.on_progress(Progress(step, 0.0))
    await drop_slot(installation, primary, slot_of(name))
    new = prepare(installation, data_directory)

    def report(line: str) -> None:
        if percent := PERCENT.search(line):
            installation.on_progress(Progress(step, int(percent.group(1)) / 100))

    command = [
        installation.binaries.program("pg_basebackup"),
        *("--pgdata", new, "--dbname", primary_conninfo(name, primary), "--no-password"),
        *("--wal-method", "stream", "--create-slot", "--slot", slot_of(name)),
        *("--checkpoint", "fast", "--progress"),
        *(() if durably else ("--no-sync",)),
    ]
    secrets = {"PGPASSWORD": installation.passwords.replication}
    await programs.run(command, installation.user, secrets=secrets, on_line=report)
    durable.swap_directory(new, data_directory)
    installation.on_progress(Progress(step, 1.0))


async def drop_slot(installation: Installation, primary: ServerSpec, slot: str) -> None:
    try:
        async with connected(installation.replication_url(primary)) as connection:
            await connection.fetch(DROP_SLOT, slot)
    except AWAY as failure:
        raise PrimaryAwayError(f"The primary on port {primary.port} cannot be copied now: {failure}") from failure


def primary_conninfo(name: str, primary: ServerSpec, passfile: Path | None = None) -> str:
    parameters: dict[str, object] = {
        "host": primary.host,
        "port": primary.port,
        "user": REPLICATION,
        "application_name": name,
        "connect_timeout": 10,
    }
    if passfile:
        parameters["passfile"] = passfile
    return conninfo(parameters)
