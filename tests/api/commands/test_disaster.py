"""Everything killed under load and the data directory gone: the backup directory alone brings it back."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import psutil
import pytest

from db.cluster.connection import AWAY
from tests.api.commands.installation import Installation
from tests.db.cluster.witness import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

WRITERS = 4
WRITING_SECONDS = 8.0
# What may be lost without the synchronous mode.
TOLERATED = timedelta(seconds=1)


@dataclass
class Writing:
    """Rows, and when each was acknowledged, kept outside of everything that is killed."""

    url: str
    acknowledged: dict[int, datetime] = field(default_factory=dict[int, datetime])
    sent: Iterator[int] = field(default_factory=lambda: count(1))

    async def go_on(self) -> None:
        with suppress(*AWAY, asyncpg.PostgresError):
            connection = await asyncpg.connect(self.url, timeout=10)
            for number in self.sent:
                await connection.execute("INSERT INTO kept VALUES ($1)", number)
                self.acknowledged[number] = datetime.now(UTC)


@pytest.mark.parametrize("synchronous", [False, True], ids=["asynchronous", "synchronous"])
async def test_all_that_was_acknowledged_is_there_again_but_for_the_last_second(
    installation: Installation, *, synchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups = installation.directory.with_name("backups")
    monkeypatch.setenv("YUKYU_BACKUP_DIR", str(backups))
    monkeypatch.setenv("YUKYU_SYNCHRONOUS_ARCHIVE", str(synchronous).lower())
    installation.start("--sample", "200")
    await installation.ready()
    await eventually(lambda: has_backup(installation), seconds=60)

    writing = Writing(installation.command("db", "url").stdout.strip())
    await execute(writing.url, "CREATE TABLE kept (number int PRIMARY KEY)")
    tasks = [asyncio.create_task(writing.go_on()) for _ in range(WRITERS)]
    await asyncio.sleep(WRITING_SECONDS)
    kill_everything(installation.directory, backups)
    killed_at = datetime.now(UTC)
    assert installation.process is not None
    installation.process.wait(60)
    await asyncio.gather(*tasks)
    shutil.rmtree(installation.directory)

    restored = await asyncio.to_thread(
        installation.command, "restore", "start", "--latest", "--promote", "--reason", "The server is gone.", "--json"
    )
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["state"] == "PROMOTED"

    installation.start()
    await installation.ready()
    there = await numbers(installation.command("db", "url").stdout.strip())
    lost = {number: at for number, at in writing.acknowledged.items() if number not in there}
    print(  # noqa: T201 - the figures in docs/performance.md; `pytest -s` shows them
        f"{len(writing.acknowledged)} rows acknowledged, {len(lost)} lost"
    )
    assert len(writing.acknowledged) > 100
    assert all(at > killed_at - TOLERATED for at in lost.values())
    assert not (synchronous and lost)

    async def replica_serves() -> bool:
        found = await installation.ask('{ search(query: "佐藤") { servedBy nodes { score } } }')
        return found["search"]["servedBy"] == "REPLICA" and bool(found["search"]["nodes"])

    await eventually(replica_serves)


def kill_everything(*directories: Path) -> None:
    """Kill at once what works in these directories, or on them."""
    processes: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            said = [process.cwd(), *process.cmdline()]
            if process.pid != psutil.Process().pid and any(str(each) in word for word in said for each in directories):
                processes.append(process)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=60)


async def has_backup(installation: Installation) -> bool:
    listed = await asyncio.to_thread(installation.command, "backup", "list", "--json")
    return listed.returncode == 0 and any(each["state"] == "VERIFIED" for each in json.loads(listed.stdout))


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def numbers(url: str) -> set[int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT number FROM kept")
    await connection.close()
    return {row["number"] for row in rows}
