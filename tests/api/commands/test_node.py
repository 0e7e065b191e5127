"""Each server looked after by a process of its own, and a worker beside them: what a restore does there is the same."""

import json
import signal
from pathlib import Path

import asyncpg
import pytest

from db.cluster import ports
from tests.api.commands.installation import Installation
from tests.db.cluster.witness import eventually
from tests.forking import Lasting

pytestmark = pytest.mark.long


async def test_two_nodes_and_a_worker_restore_as_one_process_does(scratch: Path, processes: list[Lasting]) -> None:
    directory = scratch / "nodes"
    directory.mkdir(mode=0o711)
    installation = Installation(directory / "installation")
    first = ports.pick(taken=set())
    second = ports.pick(taken={first})
    installation.log.touch()

    def node(role: str, port: int) -> Lasting:
        process = installation.beside("node", "--role", role, "--port", str(port))
        processes.append(process)
        return process

    async def value(statement: str, *where: str) -> object:
        connection = await asyncpg.connect(installation.command("db", "url", *where).stdout.strip())
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def follows() -> bool:
        return await value("SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM kept)", "--replica") is True

    async def adopted() -> bool:
        return '"event":"adopting a running server"' in installation.log.read_text("utf-8")[said:]

    replica = node("replica", second)  # waits for the primary's
    primary = node("primary", first)
    await eventually(lambda: has(installation, "db", "upgrade"), seconds=60)
    worker = installation.beside("work")
    processes.append(worker)
    await execute(installation, "CREATE TABLE kept AS SELECT 1 AS number")
    assert "already running" in installation.command("up").stderr
    assert "already running" in installation.command("node", "--role", "primary").stderr
    await eventually(lambda: has(installation, "backup", "list", "--json", word="VERIFIED"), seconds=60)

    assert installation.command("backup", "point", "right").returncode == 0
    await execute(installation, "UPDATE kept SET number = 2")
    restored = installation.command("restore", "start", "--point", "right", "--promote", "--json")

    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["state"] == "PROMOTED"
    assert await value("SELECT number FROM kept") == 1
    await eventually(follows)

    primary.kill()
    primary.wait()
    assert await value("SELECT number FROM kept") == 1  # a server outlives who looks after it
    said = len(installation.log.read_text("utf-8"))
    primary = node("primary", first)
    await eventually(adopted)
    for process in (worker, replica, primary):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not list((installation.directory / "clusters").glob("*/postmaster.pid"))


async def has(installation: Installation, *arguments: str, word: str = "") -> bool:
    done = installation.command(*arguments)
    return done.returncode == 0 and word in done.stdout


async def execute(installation: Installation, statement: str) -> None:
    connection = await asyncpg.connect(installation.command("db", "url").stdout.strip())
    await connection.execute(statement)
    await connection.close()
