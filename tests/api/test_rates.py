"""How much one address and one user may ask in a while, and at a time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from api.rates import network_of
from schema.roles import Role
from tests.api.application import Api
from tests.api.limited import application
from tests.api.server_process import serving
from tests.api.serving import listening
from tests.conftest import Database

ME = {"query": "{ me { name } }"}
SEARCH = {"query": '{ search(query: "田") { nodes { score } } }'}


@pytest.fixture
async def limited(module_database: Database) -> AsyncIterator[Api]:
    async with application(module_database, rate_limit_address="20/minute", rate_limit_user="1000/minute") as api:
        yield api


def signed_in(api: Api, *roles: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {api.token(*roles)}"}


async def test_an_answer_has_its_cost_and_says_what_is_left(limited: Api) -> None:
    first = await limited.client.post("/graphql", json=SEARCH, headers=signed_in(limited))
    again = await limited.client.post("/graphql", json=SEARCH, headers=signed_in(limited))

    assert first.json()["extensions"]["cost"] == {"requested": 271, "maximum": 20_000}
    assert first.headers["ratelimit-policy"] == "1000;w=60"
    assert first.headers["ratelimit-limit"] == "1000"
    assert 1 <= int(first.headers["ratelimit-reset"]) <= 60
    assert int(first.headers["ratelimit-remaining"]) - int(again.headers["ratelimit-remaining"]) == 271


async def test_who_has_spent_all_of_it_is_told_when_to_come_back(limited: Api) -> None:
    answers = [await limited.client.post("/graphql", json=SEARCH, headers=signed_in(limited)) for _ in range(5)]
    refused = answers[-1]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "data" not in refused.json()


async def test_what_costs_less_than_is_left_is_still_answered(limited: Api) -> None:
    for _ in range(5):
        await limited.client.post("/graphql", json=SEARCH, headers=signed_in(limited))

    assert (await limited.client.post("/graphql", json=ME, headers=signed_in(limited))).status_code == 200


async def test_the_old_search_endpoints_count_towards_the_same_rate(limited: Api) -> None:
    headers = signed_in(limited)
    asked = [await limited.client.get("/api/search/staff", params={"q": "a"}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in asked] == [200, 429]
    assert asked[1].json()["error"]["code"] == "RATE_LIMITED"
    assert "retry-after" in asked[1].headers
    assert (await limited.client.post("/graphql", json=ME, headers=headers)).status_code == 200


async def test_a_document_that_nobody_has_sent_before_is_charged_even_when_it_is_refused(limited: Api) -> None:
    async def ask(number: int) -> int:
        document = {"query": "{ nothing } #" + f"{number}" * 400}
        return (await limited.client.post("/graphql", json=document, headers=signed_in(limited))).status_code

    assert [await ask(number) for number in range(4)] == [200, 429, 429, 429]


async def test_one_address_may_ask_so_often_whoever_asks(limited: Api) -> None:
    answers = [await limited.client.get("/openapi.json") for _ in range(21)]
    refused = [
        await limited.client.post("/graphql", json=ME, headers=signed_in(limited)),
        await limited.client.get("/api/search/staff", params={"q": "a"}),
        await limited.client.post("/sign-in", content=b"token=x"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[0].headers["ratelimit-remaining"] == "19"
    assert [answer.status_code for answer in refused] == [429] * 3
    assert refused[0].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert refused[1].json()["error"]["code"] == "RATE_LIMITED"


async def test_connections_for_subscriptions_count_too(module_database: Database) -> None:
    async with application(module_database, rate_limit_address="1/minute") as api, listening(api.app) as port:
        url, spoken = f"ws://127.0.0.1:{port}/graphql", [Subprotocol("graphql-transport-ws")]
        async with connect(url, subprotocols=spoken):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, subprotocols=spoken)

    assert refused.value.response.status_code == 429
    assert "retry-after" in refused.value.response.headers


async def test_probes_and_files_are_free(limited: Api) -> None:
    for path in ("/livez", "/readyz", "/console/assets/nothing.js"):
        statuses = {(await limited.client.get(path)).status_code for _ in range(25)}
        assert 429 not in statuses


async def test_no_rate_is_limited_in_development(module_database: Database) -> None:
    async with application(module_database, environment="development") as api:
        answer = await api.client.post("/graphql", json=ME)

    assert "ratelimit-limit" not in answer.headers


async def test_rates_can_be_switched_off(module_database: Database) -> None:
    async with application(module_database, rate_limit_address="off", rate_limit_user="off") as api:
        answer = await api.client.post("/graphql", json=ME)

    assert "ratelimit-limit" not in answer.headers


async def test_one_user_has_only_so_many_operations_at_a_time(module_database: Database) -> None:
    async with application(module_database, operations_per_user=2) as api:
        asked = await asyncio.gather(
            *(api.client.post("/graphql", json=SEARCH, headers=signed_in(api)) for _ in range(6)),
            api.client.post("/graphql", json=ME),
        )
        after = await api.client.post("/graphql", json=SEARCH, headers=signed_in(api))

    *mine, anonymous = [answer.status_code for answer in asked]
    assert mine.count(200) == 2
    assert mine.count(429) == 4
    refused = next(answer for answer in asked if answer.status_code == 429)
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert refused.headers["retry-after"] == "1"
    assert (anonymous, after.status_code) == (200, 200)


async def test_an_operation_that_costs_too_much_is_refused_before_it_runs(module_database: Database) -> None:
    async with application(module_database, max_cost=100) as api:
        answer = await api.ask(SEARCH["query"])

    error = answer["errors"][0]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert error["extensions"]["cost"] == {"requested": 271, "maximum": 100}
    assert "271" in error["message"]
    assert "data" not in answer


@pytest.mark.parametrize(
    ("setting", "document"),
    [
        ("max_depth", "{ me { name } }"),
        ("max_aliases", "{ a: me { name } b: me { name } }"),
        ("max_fields", "{ me { name } }"),
        ("max_directives", "{ me @skip(if: false) { name @skip(if: false) } }"),
        ("max_tokens", "{ me { name roles } me { name roles } }"),
        ("max_cost", "{ me { name } }"),
    ],
)
async def test_every_limit_of_a_document_is_a_setting(module_database: Database, setting: str, document: str) -> None:
    lowest = {"max_tokens": 10}.get(setting, 1)
    async with application(module_database, **{setting: lowest}) as api:
        assert (await api.refusal(document))["code"] == "QUERY_TOO_COMPLEX"


@pytest.mark.long
@pytest.mark.parametrize(("proxies", "believed"), [("127.0.0.0/8", True), ("10.0.0.1", False), ("", False)])
async def test_who_a_proxy_says_is_asking_is_believed_of_trusted_ones_alone(
    module_database: Database, tmp_path: Path, proxies: str, *, believed: bool
) -> None:
    async with (
        serving(module_database, tmp_path, trusted_proxies=proxies, rate_limit_address="3/minute") as server,
        server.client() as client,
    ):
        asked = [
            await client.get("/openapi.json", headers={"x-forwarded-for": f"203.0.113.{number}"}) for number in range(5)
        ]

    statuses = [answer.status_code for answer in asked]
    assert statuses == ([200] * 5 if believed else [200, 200, 200, 429, 429])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("a:b", "a:b"),
    ],
)
def test_addresses_of_ipv6_count_by_their_network(address: str, network: str) -> None:
    scope: dict[str, Any] = {"client": (address, 1)}

    assert network_of(scope) == network


def test_a_client_without_an_address_has_a_place_too() -> None:
    assert network_of({"client": None}) == "nowhere"
