import io
import json

import pytest
from rich.console import Console

from api.commands.check import show
from db.engines import Engines
from jobs import health
from tests.conftest import Database


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_healthy_system_exits_with_0(database: Database, console: Console) -> None:
    async with Engines.open(database.primary_url) as engines:
        measured = await health.report(engines, version="1")

    assert show(measured, console=console) == 0
    assert engines.nodes[0].name in printed(console)


async def test_degraded_system_exits_with_1(empty_database: Database, console: Console) -> None:
    async with Engines.open(empty_database.primary_url) as engines:
        measured = await health.report(engines, version="1")

    assert show(measured, console=console) == 1
    assert "yukyu db upgrade" in printed(console)


async def test_system_that_is_down_exits_with_2_and_says_so_in_json(console: Console) -> None:
    async with Engines.open("postgresql://aiko:hush@127.0.0.1:9/nowhere") as engines:
        measured = await health.report(engines, version="1")

    assert show(measured, as_json=True, console=console) == 2
    assert json.loads(printed(console))["status"] == "DOWN"
    assert "hush" not in printed(console)
