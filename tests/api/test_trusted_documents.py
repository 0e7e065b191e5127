"""Documents that were agreed on beforehand, over every way in."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from api.trusted_documents import APOLLO, ManifestError, TrustedDocuments, parsed
from db.errors import AppError
from schema.roles import Role
from tests.api.application import Api
from tests.api.limited import application
from tests.api.serving import listening
from tests.api.streaming import Socket
from tests.conftest import Database

ME = "query Me { me { name } }"
COUNT = "query Count($q: String!) { search(query: $q) { totalCount } }"
RELAY = {"me-1": ME, "count-1": COUNT}
OF_APOLLO = {
    "format": APOLLO,
    "version": 1,
    "operations": [{"id": "me-1", "name": "Me", "type": "query", "body": ME}],
}
HASH = sha256(ME.encode()).hexdigest()
OTHER = "{ me { roles } }"


def manifest(directory: Path, content: object) -> Path:
    path = directory / "manifest.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.fixture(scope="module")
async def only(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    path = manifest(tmp_path_factory.mktemp("only"), RELAY)
    async with application(module_database, trusted_documents="only", trusted_documents_file=path) as api:
        yield api


async def code_of(api: Api, body: dict[str, Any]) -> str:
    return (await api.client.post("/graphql", json=body)).json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "me-1"},
        {"documentId": f"sha256:{HASH}"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}},
        {"query": ME},
        {"query": ME, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}},
    ],
    ids=["id", "hash as id", "Apollo's hash", "the document itself", "both"],
)
async def test_a_trusted_document_is_answered_by_post_and_by_get(only: Api, body: dict[str, Any]) -> None:
    parameters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}

    posted = await only.client.post("/graphql", json=body)
    got = await only.client.get("/graphql", params=parameters)

    assert posted.json()["data"] == got.json()["data"] == {"me": {"name": "anonymous"}}


async def test_a_trusted_document_takes_variables(only: Api) -> None:
    body = {"documentId": "count-1", "variables": {"q": "田中"}}

    answer = await only.client.post("/graphql", json=body, headers={"authorization": f"Bearer {only.token()}"})

    assert answer.json()["data"] == {"search": {"totalCount": 0}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": OTHER}, "FORBIDDEN"),
        ({"query": ME + " "}, "FORBIDDEN"),
        ({}, "FORBIDDEN"),
        ({"documentId": "me-2"}, "NOT_FOUND"),
        ({"documentId": "x" * 10_000}, "NOT_FOUND"),
        ({"documentId": 7}, "BAD_USER_INPUT"),
        ({"documentId": "me-1", "query": OTHER}, "BAD_USER_INPUT"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": {"persistedQuery": {"sha256Hash": 7}}}, "FORBIDDEN"),
        ({"extensions": {"persistedQuery": 7}}, "FORBIDDEN"),
    ],
)
async def test_anything_else_is_refused(only: Api, body: dict[str, Any], code: str) -> None:
    refused = await only.client.post(
        "/graphql", json=body, headers={"authorization": f"Bearer {only.token(Role.ADMIN)}"}
    )

    assert refused.status_code in (400, 403)
    assert refused.json()["errors"][0]["extensions"]["code"] == code
    assert len(refused.content) < 1_000


async def test_events_can_be_asked_for_by_document(only: Api) -> None:
    stream = {"accept": "text/event-stream"}

    named = await only.client.post("/graphql", json={"documentId": "me-1"}, headers=stream)
    other = await only.client.post("/graphql", json={"query": OTHER}, headers=stream)

    assert "cannot be sent this way" in named.text  # it was found, and is a query
    assert other.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_where_they_are_only_allowed_others_are_answered_too(module_database: Database, tmp_path: Path) -> None:
    path = manifest(tmp_path, OF_APOLLO)
    async with application(module_database, trusted_documents="allow", trusted_documents_file=path) as api:
        assert await api.data(OTHER, roles=()) == {"me": {"roles": []}}
        assert (await api.client.post("/graphql", json={"documentId": "me-1"})).json()["data"]["me"]


async def test_without_a_manifest_there_is_no_document_to_name(module_database: Database) -> None:
    async with application(module_database) as api:
        assert await code_of(api, {"documentId": "me-1"}) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"bad": "{ nothing }"}, "bad: Cannot query field 'nothing'"),
        ({"bad": "{"}, "bad: Syntax Error"),
        ({"deep": "{ me " * 20 + "}" * 20}, "deep: .*depth"),
    ],
)
async def test_a_document_that_could_not_be_run_stops_the_start(
    module_database: Database, tmp_path: Path, content: dict[str, str], complaint: str
) -> None:
    path = manifest(tmp_path, content)
    with pytest.raises(ManifestError, match=complaint):
        async with application(module_database, trusted_documents="allow", trusted_documents_file=path):
            pass


async def test_a_manifest_that_is_not_there_stops_the_start(module_database: Database, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        async with application(
            module_database, trusted_documents="only", trusted_documents_file=tmp_path / "nowhere.json"
        ):
            pass


def test_both_formats_give_the_same_documents() -> None:
    assert parsed(json.dumps(OF_APOLLO).encode()) == parsed(json.dumps({"me-1": ME}).encode()) == {"me-1": ME}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "0 documents"),
        (b'{"": "{ a }"}', "1 to 200 characters"),
        (b'{"a": ""}', "no document"),
        (b'{"a": 7}', "no document"),
        (json.dumps({"x" * 201: "{ a }"}).encode(), "1 to 200 characters"),
        (json.dumps({"format": APOLLO}).encode(), "not a list"),
        (json.dumps({"format": APOLLO, "operations": [7]}).encode(), "not an object"),
        (json.dumps({"format": APOLLO, "operations": [{"id": "a"}]}).encode(), "no document"),
        (
            json.dumps(
                {"format": APOLLO, "operations": [{"id": "a", "body": "{ a }"}, {"id": "a", "body": "{ b }"}]}
            ).encode(),
            "two documents",
        ),
        (b" " * (16 * 1024**2 + 1), "larger than"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_is_no_manifest_is_refused_in_words(content: bytes, complaint: str) -> None:
    with pytest.raises(ManifestError, match=complaint):
        parsed(content)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
operations = st.lists(st.dictionaries(st.sampled_from(["id", "body", "name"]), texts | values) | values, max_size=4)


@given(
    content=st.binary(max_size=60)
    | values.map(lambda value: json.dumps(value).encode())
    | operations.map(lambda given: json.dumps({"format": APOLLO, "version": 1, "operations": given}).encode())
)
@example(content=b"[" * 100_000)
@example(content=b'{"a": "{ a }", "a": "{ b }"}')
@example(content=b'{"a": "\xff"}')
def test_any_file_is_a_manifest_or_is_refused(content: bytes) -> None:
    try:
        documents = parsed(content)
    except ManifestError:
        return
    assert documents
    assert all(key and text.strip() for key, text in documents.items())


@given(documents=st.dictionaries(texts.filter(bool), texts.filter(str.strip), min_size=1, max_size=5), members=values)
def test_whatever_a_request_names_is_found_or_refused(documents: dict[str, str], members: Any) -> None:
    trusted = TrustedDocuments(documents, mode="only")
    for key, text in documents.items():
        assert trusted.text_of({"documentId": key}) == text
        assert trusted.text_of({"query": text}) == text
    for request in ({"documentId": members}, {"query": members}, {"extensions": members}):
        with suppress(AppError):
            assert trusted.text_of(request) in documents.values()


async def test_a_websocket_takes_documents_by_their_ids(module_database: Database, tmp_path: Path) -> None:
    follow = 'subscription { operationProgress(id: "backup:x") { id } }'
    path = manifest(tmp_path, {"follow": follow})
    async with (
        application(module_database, trusted_documents="only", trusted_documents_file=path) as api,
        listening(api.app) as port,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")]) as opened,
    ):
        socket = Socket(opened)
        await socket.sign_in(Role.ADMIN)
        await socket.send(type="subscribe", id="1", payload={"documentId": "follow"})
        named, ended = await socket.receive(), await socket.receive()
        await socket.send(type="subscribe", id="2", payload={"query": follow + " "})
        other = await socket.receive()

    assert "no installation" in named["payload"]["errors"][0]["message"]  # it was found, and run
    assert ended == {"type": "complete", "id": "1"}
    assert other["type"] == "error"
    assert other["payload"][0]["extensions"]["code"] == "FORBIDDEN"
