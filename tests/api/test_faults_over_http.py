"""Servers killed and frozen while sixteen clients search over HTTP, and rows looked for right after their commit."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from db import migrations
from db.cluster import Binaries, EmbeddedCluster
from db.engines import Engines
from jobs.health import Report
from schema.roles import Role
from tests import clients
from tests.api.application import TOKENS
from tests.api.serving import listening
from tests.db.cluster.witness import eventually, postmaster

CLIENTS = 16
SEARCH = "query ($q: String!) { search(query: $q, first: 5) { nodes { record { employeeNum } } servedBy } }"
INSERT = "INSERT INTO staff (id, employee_num, name, last_updated) VALUES ($1, $1, $2, now())"
COMMITTED = "SELECT pg_current_wal_insert_lsn()::text"


@dataclass
class Service:
    """A cluster that may be hurt, and the API over it."""

    cluster: EmbeddedCluster
    client: httpx.AsyncClient
    headers: dict[str, str]

    async def search(self, text: str, **headers: str) -> tuple[str, list[str]]:
        """Return who served it and the employee numbers found; anything but a full answer fails."""
        body = {"query": SEARCH, "variables": {"q": text}}
        response = await self.client.post("/graphql", json=body, headers=self.headers | headers)
        answer = response.json()
        assert response.status_code == 200, response.text
        assert "errors" not in answer, answer
        found = answer["data"]["search"]
        return found["servedBy"], [node["record"]["employeeNum"] for node in found["nodes"]]

    async def is_well(self) -> bool:
        return (await self.search("佐藤"))[0] == "REPLICA"


@pytest.fixture(scope="module")
async def service(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    home = scratch / tmp_path_factory.mktemp("faults").name
    settings = {"fsync": "off", "shared_buffers": "32MB"}
    async with EmbeddedCluster.open(home, binaries=binaries, settings=settings) as cluster:
        await migrations.upgrade(cluster.primary_url)
        async with serve(cluster) as opened:
            await eventually(opened.is_well)
            yield opened


@asynccontextmanager
async def serve(cluster: EmbeddedCluster) -> AsyncGenerator[Service]:
    async def examine() -> Report:
        raise NotImplementedError

    assert cluster.replica_url is not None
    token = TOKENS.mint("aiko", [Role.VIEWER], lifetime=timedelta(hours=1), now=datetime.now(UTC))
    async with Engines.open(cluster.primary_url, [cluster.replica_url]) as engines:
        app = create_app(engines, Settings(), tokens=TOKENS, links=SignInLinks(), examine=examine)
        async with (
            listening(app) as port,
            clients.client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            yield Service(cluster, client, {"authorization": f"Bearer {token}"})


@dataclass
class Load:
    """What the searching clients have seen."""

    served: Counter[str] = field(default_factory=Counter[str])
    slowest_seconds: float = 0

    def has_been_served_by(self, role: str) -> Callable[[], Awaitable[bool]]:
        async def served() -> bool:
            return self.served[role] > 0

        return served


@asynccontextmanager
async def searching(service: Service) -> AsyncGenerator[Load]:
    """Search all the time; a search that fails, fails the test at the end."""
    load = Load()

    async def search_on() -> None:
        while True:
            began = time.monotonic()
            load.served[(await service.search("佐藤"))[0]] += 1
            load.slowest_seconds = max(load.slowest_seconds, time.monotonic() - began)
            await asyncio.sleep(0.02)

    clients = [asyncio.create_task(search_on()) for _ in range(CLIENTS)]
    try:
        await asyncio.sleep(0.3)
        yield load
    finally:
        for client in clients:
            client.cancel()
        outcomes = await asyncio.gather(*clients, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, asyncio.CancelledError)] == []


@pytest.mark.parametrize("rows", [200, pytest.param(1000, marks=pytest.mark.long)])
async def test_a_search_that_carries_the_position_of_a_commit_finds_its_row(service: Service, rows: int) -> None:
    served: Counter[str] = Counter()
    stale: list[str] = []
    turn = asyncio.Semaphore(8)

    async def write_and_search(pool: asyncpg.Pool, number: int) -> None:
        key = f"N{rows}-{number:05}"
        async with turn:
            async with pool.acquire() as connection:
                await connection.execute(INSERT, key, f"新人 {number}")
                position = await connection.fetchval(COMMITTED)
            carrier = {"cookie": f"yukyu_lsn={position}"} if number % 2 else {"x-yukyu-lsn": position}
            by, found = await service.search(key, **carrier)
        served[by] += 1
        if key not in found:
            stale.append(key)

    async with asyncpg.create_pool(service.cluster.primary_url, min_size=1, max_size=8) as pool:
        await asyncio.gather(*(write_and_search(pool, number) for number in range(rows)))

    assert stale == []
    assert served["REPLICA"] > rows * 0.6


async def test_no_search_fails_when_the_replica_is_killed_and_it_serves_again(service: Service) -> None:
    async with searching(service) as load:
        postmaster(service.cluster, "replica").signal(signal.SIGKILL)
        await eventually(load.has_been_served_by("PRIMARY"))
        await eventually(service.is_well)
        load.served.clear()
        await eventually(load.has_been_served_by("REPLICA"))


async def test_no_search_fails_when_the_primary_is_killed_and_no_acknowledged_row_is_lost(service: Service) -> None:
    acknowledged: list[str] = []

    async def write(key: str) -> None:
        connection = await asyncpg.connect(service.cluster.primary_url, timeout=3)
        try:
            await connection.execute(INSERT, key, "書込 花子", timeout=3)
            acknowledged.append(key)
        finally:
            await connection.close(timeout=3)

    async def write_on() -> None:
        number = 0
        while True:
            number += 1
            try:
                await write(f"K{number:05}")
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await asyncio.sleep(0.05)

    async with searching(service):
        writer = asyncio.create_task(write_on())
        await asyncio.sleep(0.5)
        before = len(acknowledged)
        postmaster(service.cluster, "primary").signal(signal.SIGKILL)
        await asyncio.sleep(0.5)
        killed = len(acknowledged)

        async def writes_again() -> bool:
            return len(acknowledged) > killed + 5

        await eventually(writes_again)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)

    connection = await asyncpg.connect(service.cluster.primary_url)
    kept = {row["id"] for row in await connection.fetch("SELECT id FROM staff WHERE id LIKE 'K%'")}
    await connection.close()
    assert before > 0
    assert set(acknowledged) - kept == set()


async def test_a_frozen_replica_makes_searches_slow_for_a_moment_and_none_fail(service: Service) -> None:
    await eventually(service.is_well)
    frozen = psutil.Process(postmaster(service.cluster, "replica").pid)
    async with searching(service) as load:
        processes = [frozen, *frozen.children()]
        for process in processes:
            process.suspend()
        try:
            await eventually(load.has_been_served_by("PRIMARY"))
        finally:
            for process in processes:
                process.resume()
        await eventually(service.is_well)

    assert load.slowest_seconds < 30
