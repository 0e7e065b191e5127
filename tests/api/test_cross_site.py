"""What pages of other sites may do: nothing in the name of who is signed in, and nothing at all unless let in."""

from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from schema.roles import Role
from tests.api.application import ORIGIN, Api
from tests.api.limited import Limited, application
from tests.api.serving import listening
from tests.conftest import Database

ME = {"query": "{ me { name } }"}
FRIEND = "https://app.example.jp"
FOE = "https://evil.example"


@pytest.fixture(scope="module")
async def closed(module_database: Database) -> AsyncIterator[Limited]:
    async with application(module_database) as api:
        yield api


@pytest.fixture(scope="module")
async def opened(module_database: Database) -> AsyncIterator[Limited]:
    async with application(module_database, cors_origins=[FRIEND], hsts_seconds=60) as api:
        yield api


def cookie(api: Api, *roles: Role) -> dict[str, str]:
    return {"cookie": f"yukyu_session={api.token(*roles)}"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ORIGIN},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"x-yukyu-csrf": "1"},
        {"apollo-require-preflight": "true"},
    ],
    ids=str,
)
async def test_a_cookie_is_enough_for_our_own_pages(closed: Api, headers: dict[str, str]) -> None:
    for path, parameters in (("/graphql", ME), ("/api/search/staff", {"q": "a"})):
        answer = await closed.client.get(path, params=parameters, headers=cookie(closed) | headers)

        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "application/json"},
        {"origin": FOE},
        {"origin": "null"},
        {"origin": FOE, "x-yukyu-csrf": "1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_a_cookie_is_not_enough_for_other_pages(closed: Api, headers: dict[str, str]) -> None:
    got = await closed.client.get("/graphql", params=ME, headers=cookie(closed) | headers)
    rest = await closed.client.get("/api/search/staff", params={"q": "a"}, headers=cookie(closed) | headers)

    assert (got.status_code, rest.status_code) == (403, 403)
    assert got.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "x-yukyu-csrf" in got.json()["errors"][0]["extensions"]["hint"]
    assert rest.json()["error"]["code"] == "FORBIDDEN"


async def test_a_mutation_by_cookie_comes_from_our_own_pages_alone(closed: Api) -> None:
    mutation = {"query": "mutation { createBackup { __typename } }"}
    admin = cookie(closed, Role.ADMIN)

    foreign = await closed.client.post("/graphql", json=mutation, headers=admin | {"origin": FOE})
    own = await closed.client.post("/graphql", json=mutation, headers=admin | {"origin": ORIGIN})

    assert foreign.status_code == 403
    assert own.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"  # this server has no installation


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_form_of_another_site_could_send_is_not_taken(closed: Api, kind: str) -> None:
    answer = await closed.client.post(
        "/graphql", content=b'{"query": "{ me { name } }"}', headers={"content-type": kind}
    )

    assert answer.status_code == 415


async def test_a_token_is_enough_from_anywhere(closed: Api) -> None:
    headers = {"authorization": f"Bearer {closed.token()}", "origin": FOE, "sec-fetch-site": "cross-site"}

    assert (await closed.client.get("/graphql", params=ME, headers=headers)).status_code == 200


async def test_no_other_origin_is_let_in_unless_somebody_says_so(closed: Api) -> None:
    asked = await closed.client.options("/graphql", headers={"origin": FOE, "access-control-request-method": "POST"})
    answered = await closed.client.post("/graphql", json=ME, headers={"origin": FOE})

    assert asked.status_code == 405
    assert not [name for name in (*asked.headers, *answered.headers) if name.startswith("access-control")]


async def test_an_origin_that_is_let_in_may_ask_and_sees_what_it_needs(opened: Limited) -> None:
    preflight = {
        "origin": FRIEND,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, x-yukyu-lsn",
    }
    asked = await opened.client.options("/graphql", headers=preflight)
    answered = await opened.client.post("/graphql", json=ME, headers=cookie(opened) | {"origin": FRIEND})

    assert asked.status_code == 200
    assert answered.status_code == 200
    assert answered.headers["access-control-allow-origin"] == FRIEND
    assert "x-yukyu-lsn" in answered.headers["access-control-expose-headers"]
    assert "ratelimit-remaining" in answered.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [FOE, f"{FRIEND}.evil.example", "https://APP.example.jp", "null", f"{FRIEND}:8443"])
async def test_an_origin_that_is_not_let_in_is_refused_beside_one_that_is(opened: Api, origin: str) -> None:
    asked = await opened.client.options("/graphql", headers={"origin": origin, "access-control-request-method": "POST"})
    answered = await opened.client.post("/graphql", json=ME, headers=cookie(opened) | {"origin": origin})

    assert asked.status_code == 400
    assert answered.status_code == 403
    assert answered.headers.get("access-control-allow-origin") != origin


@pytest.mark.parametrize("path", ["/livez", "/openapi.json", "/nowhere", "/api/search/staff", "/graphql?query={a}"])
async def test_every_answer_is_for_programs_and_no_page_of_anybody(closed: Api, path: str) -> None:
    headers = (await closed.client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"


async def test_answers_with_data_are_kept_by_nobody_on_the_way(closed: Api) -> None:
    assert (await closed.client.post("/graphql", json=ME)).headers["cache-control"] == "no-store"
    assert (await closed.client.get("/api/search/staff")).headers["cache-control"] == "no-store"


async def test_pages_run_no_script_that_is_not_a_file_of_ours(closed: Api) -> None:
    for path in ("/graphql", "/docs", "/sign-in"):
        policy = (await closed.client.get(path, headers={"accept": "text/html"})).headers["content-security-policy"]
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))

        assert directives.get("script-src", directives["default-src"]) in ("'self'", "'none'")
        assert directives["frame-ancestors"] == "'none'"


async def test_tls_is_insisted_on_over_tls_and_where_it_is_set(opened: Api, closed: Api) -> None:
    plain = await opened.client.get("/livez")
    over_tls = await opened.client.get("https://yukyu.test/livez")
    not_set = await closed.client.get("https://yukyu.test/livez")

    assert "strict-transport-security" not in plain.headers
    assert over_tls.headers["strict-transport-security"] == "max-age=60; includeSubDomains"
    assert "strict-transport-security" not in not_set.headers


async def test_a_websocket_is_for_our_own_pages_and_those_that_are_let_in(opened: Limited) -> None:
    async with listening(opened.app) as port:
        url, spoken = f"ws://127.0.0.1:{port}/graphql", [Subprotocol("graphql-transport-ws")]
        for origin in (f"http://127.0.0.1:{port}", FRIEND):
            async with connect(url, subprotocols=spoken, origin=Origin(origin)) as websocket:
                assert websocket.subprotocol == "graphql-transport-ws"
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, subprotocols=spoken, origin=Origin(FOE))

    assert refused.value.response.status_code == 403
