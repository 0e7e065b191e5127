"""`yukyu keys`, as it is typed."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from jobs.data import sample
from tests import forking
from tests.conftest import Database


class Keys:
    def __init__(self, url: str, place: Path) -> None:
        self.file = place / "keys.json"
        self._environment = os.environ | {"YUKYU_DATABASE_URL": url, "YUKYU_KEYS_FILE": str(self.file)}
        self._nowhere = place / "nowhere"

    async def run(self, *arguments: str, expect: int = 0) -> str:
        done = await asyncio.to_thread(
            forking.yukyu, "keys", *arguments, "--data-dir", self._nowhere, env=self._environment
        )
        said = done.stdout + done.stderr
        assert done.returncode == expect, said
        return said

    async def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(await self.run(*arguments, "--json", expect=expect))


@pytest.fixture
def keys(database: Database, tmp_path: Path) -> Keys:
    return Keys(database.primary_url, tmp_path)


@pytest.mark.long
async def test_from_plain_to_a_key_to_the_next_and_the_first_is_gone(keys: Keys, database: Database) -> None:
    await sample.load(database.primary_url, 30)

    assert (await keys.json("new", "--id", "one"))["id"] == "one"
    assert (await keys.json("status"))["to_rotate"] > 0
    assert (await keys.json("rotate"))["remaining"] == {}
    await keys.run("new", "--id", "two")
    refused = await keys.run("remove", "one", expect=1)
    await keys.run("rotate")
    await keys.run("remove", "one")

    assert "values are encrypted with one" in refused
    assert [(key["id"], key["current"]) for key in await keys.json("list")] == [("two", True)]
    status = await keys.json("status")
    assert (status["current"], status["missing"], status["to_rotate"]) == ("two", [], 0)
    secret = json.loads(keys.file.read_text())["keys"]["two"]["secret"]
    assert secret not in await keys.run("list") + await keys.run("status")


async def test_a_ring_that_others_may_read_is_a_usage_error(keys: Keys) -> None:
    await keys.run("new")
    keys.file.chmod(0o644)

    assert "is open to others than its owner" in await keys.run("rotate", expect=2)
