"""`yukyu work` beside `yukyu up --no-jobs`: real processes, killed and stopped."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from db.control import Control, Operation, OperationState, operations
from tests.api.commands.installation import Installation
from tests.db.cluster.witness import eventually
from tests.forking import Lasting

pytestmark = pytest.mark.long


async def backup_of(installation: Installation) -> Operation | None:
    async with Control.open(installation.directory / "state") as control, control.reading() as session:
        return next(iter(await operations.newest(session, ["backup"], limit=1)), None)


def listed(installation: Installation) -> dict[str, Any]:
    return json.loads(installation.command("backup", "list", "--json").stdout)[0]


async def test_a_worker_that_is_killed_in_a_backup_is_followed_by_one_that_takes_it(
    scratch: Path, processes: list[Lasting]
) -> None:
    directory = scratch / "work"
    directory.mkdir(mode=0o711)
    installation = Installation(directory / "installation")
    installation.fork("--no-jobs", "--no-replica")
    assert installation.process is not None
    processes.append(installation.process)
    await installation.ready()
    assert await backup_of(installation) is None

    first = installation.beside("work")
    processes.append(first)
    async with asyncio.timeout(90):
        while (begun := await backup_of(installation)) is None or begun.state is not OperationState.RUNNING:  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.01)
    first.kill()
    first.wait()
    left = await backup_of(installation)
    assert left is not None
    assert left.state is OperationState.RUNNING

    second = installation.beside("work")
    processes.append(second)

    async def taken() -> bool:
        found = await backup_of(installation)
        return found is not None and found.state is OperationState.SUCCEEDED and found.attempts == 2

    await eventually(taken, seconds=60)
    assert listed(installation)["id"] == left.id
    assert listed(installation)["state"] == "VERIFIED"

    async def healthy() -> bool:
        return installation.command("check").returncode == 0

    await eventually(healthy, seconds=60)  # the worker keeps the heartbeat
    second.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(second.wait, 90) == 0
