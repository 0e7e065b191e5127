import json

import pytest

from schema.roles import Role
from tests.api.application import Api

ME = "{ me { name roles } }"


async def test_who_asks_is_told_who_they_are(api: Api) -> None:
    data = await api.data(ME, roles=(Role.HR, Role.ADMIN))

    assert data == {"me": {"name": "aiko", "roles": ["hr", "admin"]}}


async def test_who_has_no_token_is_anonymous_and_has_no_role(api: Api) -> None:
    assert await api.data(ME, roles=()) == {"me": {"name": "anonymous", "roles": []}}


@pytest.mark.parametrize(
    "field", ['search(query: "田中") { totalCount }', 'suggest(prefix: "田")', 'node(id: "x:y") { id }']
)
async def test_looking_people_up_needs_a_sign_in(api: Api, field: str) -> None:
    assert (await api.refusal(f"{{ {field} }}", roles=()))["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HR])
async def test_health_needs_an_administrator(api: Api, role: Role) -> None:
    assert (await api.refusal("{ health { status } }", roles=(role,)))["code"] == "FORBIDDEN"


@pytest.mark.parametrize("header", ["Bearer forged", "Bearer", "Basic YTpi", "nonsense"])
async def test_bad_credentials_are_refused_even_where_none_are_needed(api: Api, header: str) -> None:
    response = await api.client.post("/graphql", json={"query": ME}, headers={"authorization": header})

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"nonsense", 400),
        (b"7", 400),
        (b"null", 400),
        (b"[]", 400),
        (json.dumps([{"query": ME}]).encode(), 400),
        (b"{}", 400),
        (b'{"query": 7}', 400),
        (b'{"query": ""}', 400),
        (b'{"query": null}', 400),
        (b'{"query": "{me{name}}", "variables": []}', 400),
        (b'{"query": "{me{name}}", "variables": "x"}', 400),
        (b'{"query": "{me{name}}", "operationName": 7}', 400),
        (b'{"query": "{me{name}}", "extensions": 7}', 400),
        (b'{"query": "\\ud800"}', 400),
        (b'{"query": "\xff"}', 400),
        (b"[" * 100_000, 400),
        (b" " * 10_000_000, 413),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else str(value),
)
async def test_what_is_not_a_request_is_refused_in_words(api: Api, body: bytes, status: int) -> None:
    response = await api.client.post("/graphql", content=body, headers={"content-type": "application/json"})

    assert response.status_code == status
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "BAD_USER_INPUT"),
        ("{ nothing }", "BAD_USER_INPUT"),
        ("{ me }", "BAD_USER_INPUT"),
        ("query A { me { name } } query B { me { name } }", "BAD_USER_INPUT"),
        ("fragment F on Query { me { name } }", "BAD_USER_INPUT"),
        ("mutation { me { name } }", "BAD_USER_INPUT"),
        ("subscription { me { name } }", "BAD_USER_INPUT"),
        ("{ ...Nowhere }", "BAD_USER_INPUT"),
        ("{ ...A } fragment A on Query { ...A }", "BAD_USER_INPUT"),
        ("query ($x: Int!) { me { name } }", "BAD_USER_INPUT"),
        ("query ($x: Int!) { search(query: 7, first: $x) { totalCount } }", "BAD_USER_INPUT"),
        ("{ me { " + "name " * 3000 + "} }", "QUERY_TOO_COMPLEX"),
        ("{ me { " + "name " * 600 + "} }", "QUERY_TOO_COMPLEX"),
        ("{ " + " ".join(f"a{n}: me {{ name }}" for n in range(50)) + " }", "QUERY_TOO_COMPLEX"),
        ("{ me " * 300 + "}" * 300, "QUERY_TOO_COMPLEX"),
        ("{ a " * 18 + "}" * 18, "QUERY_TOO_COMPLEX"),
    ],
    ids=lambda value: value[:40],
)
async def test_a_document_that_cannot_be_run_is_refused_by_its_code(api: Api, query: str, code: str) -> None:
    assert (await api.refusal(query))["code"] == code


async def test_one_of_several_operations_runs_by_its_name(api: Api) -> None:
    document = "query A { me { name } } query B { me { roles } }"

    response = await api.client.post("/graphql", json={"query": document, "operationName": "B"})

    assert response.json()["data"] == {"me": {"roles": []}}


async def test_unknown_variables_are_no_harm_and_missing_ones_are_named(api: Api) -> None:
    assert await api.data(ME, {"unknown": [[[]]]})
    assert "$q" in (await api.refusal("query ($q: String!) { suggest(prefix: $q) }"))["message"]


async def test_the_answer_comes_in_the_type_that_was_asked_for(api: Api) -> None:
    new = "application/graphql-response+json"

    answered = await api.client.post("/graphql", json={"query": ME}, headers={"accept": new})
    refused = await api.client.post("/graphql", json={"query": "{"}, headers={"accept": new})
    legacy = await api.client.post("/graphql", json={"query": "{"})
    neither = await api.client.post("/graphql", json={"query": ME}, headers={"accept": "image/png"})

    assert (answered.status_code, answered.headers["content-type"]) == (200, new)
    assert (refused.status_code, refused.headers["content-type"]) == (400, new)
    assert "data" not in refused.json()
    assert (legacy.status_code, legacy.headers["content-type"]) == (200, "application/json")
    assert neither.status_code == 406


async def test_only_json_is_taken_by_post(api: Api) -> None:
    response = await api.client.post("/graphql", content="{}", headers={"content-type": "text/plain"})

    assert response.status_code == 415


async def test_a_query_may_come_by_get(api: Api) -> None:
    response = await api.client.get("/graphql", params={"query": ME, "variables": "{}"})

    assert response.json()["data"] == {"me": {"name": "anonymous", "roles": []}}


async def test_a_head_has_the_status_and_the_headers_of_its_get(api: Api) -> None:
    for query in (ME, "{", "mutation { revokeToken(id: 1) }"):
        got, head = [await api.client.request(each, "/graphql", params={"query": query}) for each in ("GET", "HEAD")]

        assert head.status_code == got.status_code
        assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.usefixtures("unconfigured_logs")
async def test_a_request_is_logged_with_the_number_of_its_status(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    await api.client.get("/graphql", params={"query": "{"}, headers={"accept": "application/graphql-response+json"})

    assert "status=400" in capsys.readouterr().out


async def test_nothing_is_streamed_to_a_head(api: Api) -> None:
    follow = {"query": 'subscription { operationProgress(id: "x") { id } }'}
    response = await api.client.head("/graphql", params=follow, headers={"accept": "text/event-stream"})

    assert response.status_code == 405


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(api: Api, method: str) -> None:
    assert (await api.client.request(method, "/graphql")).status_code == 405


async def test_each_request_has_an_id_of_its_own_or_the_callers(api: Api) -> None:
    own = await api.client.get("/livez", headers={"x-request-id": "from-the-proxy.7"})
    made = await api.client.get("/livez", headers={"x-request-id": "not an id\t"})

    assert own.headers["x-request-id"] == "from-the-proxy.7"
    assert len(made.headers["x-request-id"]) == 32


async def test_the_position_of_a_read_is_answered_and_nonsense_refused(api: Api) -> None:
    headers = {"x-yukyu-lsn": "0/1"}

    data = await api.client.post(
        "/graphql",
        json={"query": '{ suggest(prefix: "田") }'},
        headers=headers | {"authorization": f"Bearer {api.token()}"},
    )
    refusal = await api.refusal(ME, headers={"x-yukyu-lsn": "nonsense"})

    assert "/" in data.headers["x-yukyu-lsn"]
    assert data.headers["x-yukyu-served-by"] in ("replica", "primary")
    assert refusal["code"] == "BAD_USER_INPUT"


async def test_probes_answer_without_a_token(api: Api) -> None:
    assert (await api.client.get("/livez")).status_code == 200
    assert (await api.client.get("/readyz")).json()["status"] == "ready"


async def test_what_is_nowhere_is_said_to_be_nowhere(api: Api) -> None:
    response = await api.client.get("/nowhere")

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "NOT_FOUND"
