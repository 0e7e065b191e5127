"""Whatever is sent, the answer is data or an error with a code and a sentence; never one that nobody expected."""

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from db.engines import Engines
from tests.api.application import ORIGIN, TOKENS, Api

KNOWN = {"UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT", "NOT_FOUND", "QUERY_TOO_COMPLEX"}
EVERYTHING = """
    query ($text: String!, $key: ID!, $first: Int!, $tables: [EmployeeTable!], $filter: SearchFilter, $after: String) {
      search(query: $text, first: $first, tables: $tables, filter: $filter, after: $after) {
        edges { cursor node { score record { id name } highlights { field fragments { text matched } } } }
        totalCount countsByTable { table count } servedBy
      }
      suggest(prefix: $text, first: $first)
      node(id: $key) { id }
    }
"""

some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(st.characters(exclude_categories=()), max_size=220)
odd_texts = st.sampled_from(
    [
        "\ufdfa" * 200,
        "𠮷" * 200,
        "a" + "\u0301" * 199,
        "\u200d" * 100,
        "\U0010ffff\ue000\u0378\ufffe",
        "\u202eabc",
        "'; DROP TABLE staff; --",
        "田 & !中 | (太:*) <->",
        "%_\\",
        "$1 %s {0}",
        "(" * 200,
        "\ud800",
        "a\0b",
    ]
)


def check(response: httpx.Response) -> None:
    """Every error has a code of those known and a sentence."""
    assert response.status_code < 500, response.text
    body = response.json()
    assert response.status_code < 400 or "errors" in body or "error" in body
    for error in body.get("errors", []):
        assert error["extensions"]["code"] in KNOWN, error
        assert error["message"], error
    if "error" in body:
        assert body["error"]["code"] in KNOWN, body
        assert body["error"]["message"], body


async def post(api: Api, body: dict[str, Any], **headers: str) -> httpx.Response:
    """Send JSON in which lone surrogates stay as escapes, and NaN as it is."""
    sent = {"content-type": "application/json", "authorization": f"Bearer {api.token()}"} | headers
    return await api.client.post("/graphql", content=json.dumps(body).encode("ascii"), headers=sent)


@some
@given(text=texts | odd_texts)
async def test_any_text_can_be_searched_for_or_is_refused(api: Api, text: str) -> None:
    variables = {"text": text, "key": f"staff:{text}", "first": 3, "filter": {"statuses": [text]}}
    check(await post(api, {"query": EVERYTHING, "variables": variables, "operationName": None}))

    sendable = text.encode("utf-8", "replace").decode()
    for endpoint in ("full-text", "staff"):
        check(
            await api.client.get(
                f"/api/search/{endpoint}", params={"q": sendable}, headers={"authorization": f"Bearer {api.token()}"}
            )
        )


@some
@given(variables=st.fixed_dictionaries({}, optional=dict.fromkeys(("text", "key", "first", "filter"), anything)))
@example(variables={"text": "a", "key": "a", "first": 2**31})
@example(variables={"text": "a", "key": "a", "first": 2**63})
@example(variables={"text": "a", "key": "a", "first": float("nan")})
@example(variables={"text": "a", "key": "a", "first": 1, "tables": ["STAFF"] * 10_000})
@example(variables={"text": "a", "key": "a", "first": 1, "filter": {"statuses": ["a"] * 30_000}})
@example(variables={"text": "a", "key": "a", "first": 1, "filter": {"employedOn": "9999-12-31", "year": 32_768}})
async def test_variables_of_any_shape_are_taken_or_refused(api: Api, variables: dict[str, Any]) -> None:
    check(await post(api, {"query": EVERYTHING, "variables": variables}))


@some
@given(cursor=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example(cursor=base64.urlsafe_b64encode(b"\x01" * 18 + b"\xff\xfe").decode())
@example(cursor=base64.urlsafe_b64encode(b"\x01" + b"\x7f" * 80).decode())
async def test_what_is_not_a_cursor_is_refused(api: Api, cursor: str) -> None:
    variables = {"text": "佐藤", "key": "x:y", "first": 1, "after": cursor}

    response = await post(api, {"query": EVERYTHING, "variables": variables})

    check(response)
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@some
@given(
    name=st.sampled_from(
        ["authorization", "x-yukyu-lsn", "cookie", "accept", "content-type", "x-request-id", "origin", "host"]
    ),
    value=st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=80),
)
@example(name="x-yukyu-lsn", value="FFFFFFFF/FFFFFFFF")
@example(name="cookie", value="yukyu_lsn=0/1; yukyu_lsn=nonsense; =;;")
@example(name="origin", value="http://[")
@example(name="host", value="[")
@example(name="authorization", value="Bearer " + "." * 3000)
async def test_headers_of_any_kind_are_taken_or_refused(api: Api, name: str, value: str) -> None:
    header = [(name.encode(), value.encode("latin-1"))]
    kind = [] if name == "content-type" else [(b"content-type", b"application/json")]

    check(await api.client.post("/graphql", content=b'{"query": "{ me { name } }"}', headers=[*kind, *header]))
    check(await api.client.get("/api/search/staff", params={"q": "a"}, headers=header))
    assert (await api.client.post("/sign-in", content=b"token=x", headers=header)).status_code in (303, 403)


@pytest.mark.parametrize(
    "document",
    [
        "{ suggest(prefix: 7, first: " + "9" * 10_000 + ") }",
        "{ " + "s" * 100_000 + " }",
        "{ " + " ".join(f'suggest(prefix: "{n}")' for n in range(240)) + " }",
        "{ me { name } } fragment F on Query { " + "me { name } " * 400 + "}",
        "{ me { name } } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(240)),
    ],
    ids=lambda value: value[:40],
)
async def test_documents_that_cost_much_to_validate_are_refused_before_that(api: Api, document: str) -> None:
    refused = await api.refusal(document)

    assert refused["code"] == "QUERY_TOO_COMPLEX"
    assert len(refused["message"]) < 200


@pytest.mark.parametrize(
    "path",
    [
        "/graphql/",
        "//graphql",
        "/console/assets/%2e%2e/index.html",
        "/console/assets/..%2f..%2fpyproject.toml",
        "/console/assets/%00",
        "/console/assets/" + "a" * 300,
        "/console/assets/%ed%a0%80",
        "/api/search/staff?q=%ff%fe",
        "/api/search/staff?q=%00",
        "/sign-in?code=%00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT"])
async def test_odd_paths_and_methods_lead_nowhere(api: Api, method: str, path: str) -> None:
    response = await api.client.request(method, path)

    assert response.status_code in (307, 400, 401, 403, 404, 405, 415)
    assert "yukyu-data" not in response.text


async def test_a_form_too_large_for_a_token_is_refused(api: Api) -> None:
    response = await api.client.post("/sign-in", content=b"token=" + b"x" * 20_000)

    assert response.status_code == 403
    assert "larger than" in response.text


async def test_the_servers_addresses_and_passwords_are_in_no_answer() -> None:
    nowhere = "postgresql://yukyu:a-password@127.0.0.1:9/yukyu"
    async with Engines.open(nowhere) as engines:

        async def examine() -> Any:
            raise AssertionError

        app = create_app(engines, Settings(), tokens=TOKENS, links=SignInLinks(), examine=examine)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            api = Api(client, SignInLinks(), nowhere)
            answer = await api.ask('{ suggest(prefix: "a") }')
            rest = await client.get(
                "/api/search/staff", params={"q": "a"}, headers={"authorization": f"Bearer {api.token()}"}
            )

    assert answer["errors"][0]["extensions"]["code"] == "DATABASE_UNAVAILABLE"
    assert rest.status_code == 503
    assert rest.json()["error"]["code"] == "DATABASE_UNAVAILABLE"
    assert "a-password" not in json.dumps(answer) + rest.text
