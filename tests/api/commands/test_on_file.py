"""A database file in place of PostgreSQL, as it is run: real processes on one file."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests import forking
from tests.api.commands.installation import YUKYU
from tests.api.server_process import serving
from tests.conftest import Database
from tests.db.cluster.witness import eventually

SEARCH = '{ search(query: "sato", first: 3) { servedBy nodes { record { name } } } }'


@pytest.mark.long
async def test_it_is_made_filled_served_and_backed_up(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'yukyu.db'}"
    environment = os.environ | {"YUKYU_DATABASE_URL": url, "YUKYU_DATA_DIR": str(tmp_path)}

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return forking.yukyu(*arguments, env=environment)

    for arguments in (("db", "upgrade"), ("data", "sample", "200")):
        done = await asyncio.to_thread(command, *arguments)
        assert done.returncode == 0, done.stderr
    worker = await asyncio.to_thread(subprocess.Popen, [YUKYU, "work"], env=environment, stderr=subprocess.DEVNULL)
    try:
        async with serving(Database("yukyu.db", url, "", url), tmp_path) as server, server.client() as client:
            answer = (await client.post("/graphql", json={"query": SEARCH})).json()

        async def is_backed_up() -> bool:
            listed = await asyncio.to_thread(command, "backup", "list", "--json")
            return any(backup["state"] == "VERIFIED" for backup in json.loads(listed.stdout))

        await eventually(is_backed_up)
    finally:
        worker.terminate()

    assert answer["data"]["search"]["servedBy"] == "FALLBACK"
    assert len(answer["data"]["search"]["nodes"]) == 3
    assert await asyncio.to_thread(worker.wait, 30) == 0
    assert server.process.returncode == 0
