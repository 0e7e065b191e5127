"""The whole API over a database file: what makes sense works, and what needs PostgreSQL says so."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db import migrations
from db.cluster.installation import Installation
from db.cluster.layout import Layout
from db.control import Control
from db.fallback import FileEngines, path_of
from db.repository import Repository
from jobs import health
from jobs.data import sample
from jobs.fallback.site import FileSite, FileStates, NoServers
from schema.build import build_schema as build
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api

SDL = build_schema(build().as_str())
ROOTS = {"query": SDL.query_type, "mutation": SDL.mutation_type}
FIELDS = [(kind, name) for kind, root in ROOTS.items() if root for name in root.fields]
DEEPEST = 4

# What is asked with values that could be meant; the others' arguments are made of their types.
GIVEN = {
    "search": '(query: "sato")',
    "suggest": '(prefix: "sa")',
    "explain": '(sql: "SELECT 1")',
    "planRestore": "(target: {latest: true})",
    "triggerRestore": '(input: {target: {latest: true}, reason: "to see"})',
    "createRestorePoint": '(name: "before")',
    "promoteRestore": '(id: "a", confirm: "a")',
    "rollbackRestore": '(id: "a", confirm: "a")',
}
NEED_POSTGRESQL = {
    "imports", "importReport", "performance", "explain", "planRestore", "compareBaseline",
    "createBaseline", "createRestorePoint", "triggerRestore", "promoteRestore", "discardRestore", "rollbackRestore",
}  # fmt: skip


@pytest.fixture(scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    directory = tmp_path_factory.mktemp("file")
    url = f"sqlite+aiosqlite:///{directory / 'yukyu.db'}"
    await migrations.upgrade(url)
    await sample.load(url, 100)
    links, layout = SignInLinks(), Layout.of(directory)
    layout.state.mkdir()
    async with FileEngines.open_file(url) as engines, Control.open(layout.state) as control:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[directory])

        nobody = cast("Installation", NoServers(layout, FileStates(layout.state, path_of(url))))
        site = FileSite(control, Repository.at(directory / "backups"), nobody, file=path_of(url))
        settings = Settings(environment="development", rate_limit_address="off", rate_limit_user="off")
        app = create_app(engines, settings, tokens=TOKENS, links=links, examine=examine, site=site)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Api(client, links, url)


def selection(kind: Any, depth: int = 0) -> str:
    """Return all fields below a type that need no arguments, to a depth."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType):
        return "{ " + " ".join(f"... on {each.name} {selection(each, depth)}" for each in named.types) + " }"
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    fields = [
        f"{name}{below}"
        for name, field in named.fields.items()
        if not any(is_required_argument(each) for each in field.args.values())
        and (is_leaf_type(get_named_type(field.type)) or depth < DEEPEST)
        and (below := selection(field.type, depth + 1)) is not None
    ]
    return "{ __typename " + " ".join(fields) + " }"


def arguments(field: GraphQLField) -> str:
    given = [f"{name}: {value(each)}" for name, each in field.args.items() if is_required_argument(each)]
    return f"({', '.join(given)})" if given else ""


def value(argument: GraphQLArgument | Any) -> str:
    kind = argument.type.of_type if isinstance(argument.type, GraphQLNonNull) else argument.type
    if isinstance(kind, GraphQLList):
        return "[]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        inner = [f"{name}: {value(each)}" for name, each in kind.fields.items() if is_required_input_field(each)]
        return "{" + ", ".join(inner) + "}"
    return {"Int": "1", "Float": "1", "Boolean": "true", "DateTime": '"2030-01-01T00:00:00Z"'}.get(kind.name, '"a"')


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=[name for _, name in FIELDS])
async def test_every_field_answers_or_says_why_not(api: Api, kind: str, name: str) -> None:
    root = ROOTS[kind]
    assert root is not None
    field = root.fields[name]
    document = f"{kind} {{ {name}{GIVEN.get(name, arguments(field))} {selection(field.type)} }}"

    answer = await api.ask(document, roles=(Role.ADMIN, Role.HR))

    for error in answer.get("errors", []):
        assert error["extensions"]["code"] not in {"INTERNAL_ERROR", "DATABASE_UNAVAILABLE", None}, error
        assert "Cannot query" not in error["message"], error
    if name in NEED_POSTGRESQL:
        assert "PostgreSQL" in str(answer)
        assert "YUKYU_DATABASE_URL" in str(answer)


async def test_search_says_that_the_fallback_answers(api: Api) -> None:
    document = """{ search(query: "sato", first: 5) {
        servedBy totalCount totalCountExact countsByTable { table count }
        nodes { score record { id name lastUpdated ... on VacationEmployee {
            granted usageDetails { useDate daysUsed } leaveRequests { startDate requestedAt } } }
            highlights { field fragments { text matched } } } } }"""

    found = (await api.data(document))["search"]

    assert found["servedBy"] == "FALLBACK"
    assert found["totalCount"] == sum(each["count"] for each in found["countsByTable"]) > 5
    assert len(found["nodes"]) == 5


async def test_accounts_have_their_days_and_requests(api: Api) -> None:
    document = """{ search(query: "1", tables: [EMPLOYEES], first: 50) { nodes { record { id ... on VacationEmployee {
        granted usageDetails { id useDate daysUsed year } leaveRequests { id startDate requestedAt } } } } } }"""

    records = [hit["record"] for hit in (await api.data(document))["search"]["nodes"]]

    details = [detail for record in records for detail in record["usageDetails"]]
    assert details
    node = await api.data(
        "query ($id: ID!) { node(id: $id) { id ... on UsageDetail { useDate daysUsed } } }", {"id": details[0]["id"]}
    )
    assert node["node"]["useDate"] == details[0]["useDate"]
    assert node["node"]["daysUsed"] == details[0]["daysUsed"]


async def test_rest_search_is_answered(api: Api) -> None:
    headers = {"authorization": f"Bearer {api.token(Role.VIEWER)}"}
    found = (await api.client.get("/api/search/staff", params={"q": "sato"}, headers=headers)).json()

    assert found["served_by"] == "FALLBACK"
    assert found["results"]


async def test_health_says_what_it_is_and_names_postgresql(api: Api) -> None:
    report = (
        await api.data(
            "{ health { status schemaIsCurrent nodes { role serverVersion } checks { message } } }",
            roles=(Role.ADMIN,),
        )
    )["health"]

    assert report["status"] == "DEGRADED"
    assert report["schemaIsCurrent"]
    assert report["nodes"][0]["role"] == "FALLBACK"
    assert report["nodes"][0]["serverVersion"].startswith("SQLite 3")
    assert "PostgreSQL" in report["checks"][0]["message"]
    assert (await api.client.get("/readyz")).status_code == 200


def test_the_file_of_the_fixture_is_private(api: Api) -> None:
    assert Path(path_of(api.primary_url)).stat().st_mode & 0o077 == 0
