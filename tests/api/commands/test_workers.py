"""`yukyu serve --workers N`: several processes on one port, of which one may die."""

import asyncio
import re
from pathlib import Path

import psutil

from api.commands import shares
from api.measuring import TOGETHER, TOLD_EVERY_SECONDS
from api.settings import Settings
from schema.roles import Role
from tests.api.server_process import ServerProcess, serving
from tests.conftest import Database

SEARCH = {"query": '{ search(query: "佐藤", first: 1) { servedBy } }'}
COUNTED = re.compile(r'yukyu_operations_total\{kind="query",outcome="ok"\} (\S+)')


def workers_of(server: ServerProcess) -> dict[int, psutil.Process]:
    return {each.pid: each for each in psutil.Process(server.process.pid).children()}


async def ask(server: ServerProcess, times: int) -> list[int]:
    """Return the statuses of searches, each on a connection of its own."""
    statuses: list[int] = []
    for _ in range(times):
        async with server.client() as client:
            statuses.append((await client.post("/graphql", json=SEARCH)).status_code)
    return statuses


async def test_service_goes_on_when_a_worker_is_killed_and_ends_with_its_keeper(
    module_database: Database, tmp_path: Path
) -> None:
    limits = {"rate_limit_address": "off", "rate_limit_user": "off"}
    async with serving(module_database, tmp_path, forked=False, workers="2", **limits) as server:
        before = workers_of(server)
        assert len(before) == 2
        assert await ask(server, 10) == [200] * 10

        await asyncio.sleep(2 * TOLD_EVERY_SECONDS)
        async with server.client("root", Role.ADMIN) as client:  # whichever answers, it has counted all
            counts = [COUNTED.search((await client.get("/metrics")).text) for _ in range(3)]
        assert {found and float(found[1]) for found in counts} == {10.0}

        killed = next(iter(before.values()))
        killed.kill()
        await asyncio.to_thread(killed.wait)
        assert await ask(server, 10) == [200] * 10

        async with asyncio.timeout(60):
            while len(now := workers_of(server)) < 2 or killed.pid in now:  # noqa: ASYNC110 - processes send no events
                await asyncio.sleep(0.1)
        assert await ask(server, 10) == [200] * 10
    _, alive = psutil.wait_procs(list((before | now).values()), timeout=30)
    assert not alive
    assert server.process.returncode == 0


async def test_workers_leave_when_their_keeper_is_killed(module_database: Database, tmp_path: Path) -> None:
    async with serving(module_database, tmp_path, forked=False, workers="2") as server:
        workers = list(workers_of(server).values())
        counts = Path(workers[0].environ()[TOGETHER])
        assert counts.is_dir()
        server.process.kill()
        _, alive = await asyncio.to_thread(psutil.wait_procs, workers, 30)
    assert not alive
    assert not counts.exists()


def test_workers_together_have_what_the_settings_say() -> None:
    one = shares.of_one(Settings(workers=4, rate_limit_address="100/minute", streams_per_user=10, read_connections=10))

    assert (one.rate_limit_address, one.rate_limit_user) == ("25/1 minute", "150000/1 minute")
    assert (one.streams_per_user, one.operations_per_user, one.read_connections) == (3, 8, 3)


def test_without_a_limit_there_is_none_to_share() -> None:
    one = shares.of_one(Settings(workers=4, environment="development", rate_limit_user="off"))

    assert (one.rate_limit_address, one.rate_limit_user, one.operations_per_user) == (None, "off", None)
