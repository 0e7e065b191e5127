"""Requests made to exhaust a server are refused for next to nothing, and others hardly notice.

All of it is measured on a process of its own, as ratios or in its memory: clocks say little on a busy machine.
"""

import asyncio
import math
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.attacks import ATTACKS, HONEST
from tests.api.server_process import ServerProcess, serving
from tests.conftest import Database

ROOT = Path(__file__).parents[2]
REFUSED = {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX", "UNAUTHENTICATED", "FORBIDDEN"}
# Most of a refusal's time goes into the 2,000 tokens until which a document is parsed.
MOST_PAGES = 3
MOST_GROWTH_BYTES = 32 * 1024**2
# All there is to know of 100 people, which is allowed.
PAGE = {
    "query": """
        query { search(query: "藤", first: 100) {
          totalCount countsByTable { table count }
          nodes { score highlights { field fragments { text matched } } record {
            id table employeeNum name kana status lastUpdated
            ... on DispatchEmployee { dispatchName department line jobContent gender nationality hireDate leaveDate }
            ... on ContractEmployee { contractBusiness gender nationality hireDate leaveDate }
            ... on StaffMember { office gender nationality hireDate leaveDate spouse postalCode address building }
            ... on VacationEmployee { haken granted used balance usageDetails { useDate } leaveRequests { status } }
          } }
        } }
    """
}
# Others wait about as long beside attackers as beside as many honest clients. What harms them harms them in every
# round; what else a machine is busy with does not.
MOST_TIMES_SLOWER = 4
ROUNDS = 5

pytestmark = pytest.mark.xdist_group("attacks")  # two of them at a time would disturb each other


async def attack(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post("/graphql", content=ATTACKS[name](), headers={"content-type": "application/json"})


async def ask(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/graphql", json=HONEST)


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_costs_the_server_hardly_more_than_an_honest_page(server: ServerProcess, name: str) -> None:
    async with server.client("mallory") as client:
        refusals: list[httpx.Response] = []
        spent = in_pages = 0.0
        for _ in range(3):
            before = server.cpu_seconds
            refusals += [await attack(client, name) for _ in range(3)]
            between = server.cpu_seconds
            for _ in range(3):
                assert "errors" not in (await client.post("/graphql", json=PAGE)).json()
            spent += between - before
            in_pages += server.cpu_seconds - between

    for refusal in refusals:
        errors = refusal.json()["errors"]
        assert {error["extensions"]["code"] for error in errors} <= REFUSED
        assert refusal.json().get("data") is None
        assert len(refusal.content) < 5_000
    assert spent < MOST_PAGES * in_pages


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_attacks_leave_the_servers_memory_as_it_was(server: ServerProcess) -> None:
    async with server.client("mallory") as client:

        async def all_of_them(times: int) -> None:
            for _ in range(times):
                for name in ATTACKS:
                    await attack(client, name)

        await all_of_them(15)  # what is remembered of documents fills up
        before = server.resident_bytes
        await all_of_them(12)

    assert server.resident_bytes - before < MOST_GROWTH_BYTES


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_others_wait_no_longer_beside_attackers_than_beside_honest_clients(
    module_database: Database, tmp_path: Path
) -> None:
    async with serving(module_database, tmp_path, forked=False) as server, server.client("aiko") as aiko:
        async with at_work(server, "mallory", "attack"), asyncio.timeout(60):
            await refused_for_its_rate(server, "mallory")
        slower: list[float] = []
        while len(slower) < ROUNDS and min(slower, default=math.inf) >= MOST_TIMES_SLOWER:
            async with at_work(server, "honest", "ask"):
                honestly = p95(await waiting(aiko))
            async with at_work(server, "mallory", "attack"):
                slower.append(p95(await waiting(aiko)) / honestly)

    assert min(slower) < MOST_TIMES_SLOWER, slower


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_slow_bodies_are_given_up_and_nobody_else_waits_for_them(server: ServerProcess) -> None:
    async with server.client("aiko") as aiko:
        await waiting(aiko)
        slower: list[float] = []
        grown: list[int] = []
        while len(slower) < ROUNDS and min(slower, default=math.inf) >= MOST_TIMES_SLOWER:
            alone, before = p95(await waiting(aiko)), server.resident_bytes
            async with slow_bodies(server, 200) as slow:
                await ask(aiko)  # behind the 200 that connect
                slower.append(p95(await waiting(aiko)) / alone)
                grown.append(server.resident_bytes - before)
                async with asyncio.timeout(60):
                    answers = await asyncio.gather(*(reader.readline() for reader in slow))
            assert {answer.split()[1] for answer in answers} == {b"408"}

    assert min(slower) < MOST_TIMES_SLOWER, slower
    assert max(grown) < MOST_GROWTH_BYTES


@asynccontextmanager
async def slow_bodies(server: ServerProcess, number: int) -> AsyncGenerator[list[asyncio.StreamReader]]:
    """Begin so many requests whose bodies never come; yield what is answered."""
    address = urlsplit(server.url)
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{"
    async with AsyncExitStack() as stack:
        answers: list[asyncio.StreamReader] = []
        for _ in range(number):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            stack.callback(writer.close)
            writer.write(head)
            answers.append(reader)
        yield answers


@asynccontextmanager
async def at_work(server: ServerProcess, name: str, what: str) -> AsyncGenerator[None]:
    """Let three clients in another process attack, or ask, over and over."""
    program = [sys.executable, "-m", "tests.api.attacking", server.graphql, server.token(name), what]
    process = await asyncio.create_subprocess_exec(*program, stdout=PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        await process.stdout.readline()  # it has begun
        yield
    finally:
        process.terminate()
        await process.wait()


async def refused_for_its_rate(server: ServerProcess, name: str) -> None:
    """Wait until this user has asked for all that one may in a minute."""
    async with server.client(name) as client:
        while (await client.post("/graphql", json=PAGE)).status_code != 429:  # noqa: ASYNC110 - happens elsewhere
            await asyncio.sleep(0.1)


async def waiting(client: httpx.AsyncClient) -> list[float]:
    """Return how long each of 30 honest requests took, in seconds."""
    took: list[float] = []
    for _ in range(30):
        started = time.perf_counter()
        answer = await ask(client)
        took.append(time.perf_counter() - started)
        assert "errors" not in answer.json()
    return took


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]
