"""Makes the data directory of a replica: a base backup of its primary, whole or not at all."""

import asyncio
import re
from pathlib import Path

from db.cluster import durable, programs, slots
from db.cluster.desired import ServerSpec
from db.cluster.initialise import prepare
from db.cluster.installation import Installation, Progress, slot_of
from db.cluster.settings import conninfo
from db.cluster.urls import REPLICATION

PERCENT = re.compile(r"\((\d+)%\)")


async def clone(
    installation: Installation, name: str, data_directory: Path, primary: ServerSpec, *, durably: bool
) -> None:
    """Copy the primary into a new directory that then takes the place of the old one."""
    step = f"Copying the primary for the {name}"
    installation.on_progress(Progress(step, 0.0))
    new = await prepare(installation, data_directory)
    await slots.drop(installation, primary, name)

    def report(line: str) -> None:
        if percent := PERCENT.search(line):
            installation.on_progress(Progress(step, min(int(percent.group(1)), 99) / 100))

    command = [
        installation.binaries.program("pg_basebackup"),
        *("--pgdata", new, "--dbname", primary_conninfo(name, primary), "--no-password"),
        *("--wal-method", "stream", "--create-slot", "--slot", slot_of(name)),
        *("--checkpoint", "fast", "--progress"),
        *(() if durably else ("--no-sync",)),
    ]
    secrets = {"PGPASSWORD": installation.passwords.replication}
    await programs.run(command, installation.user, secrets=secrets, on_line=report)
    await asyncio.to_thread(durable.swap_directory, new, data_directory)
    installation.on_progress(Progress(step, 1.0))


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
