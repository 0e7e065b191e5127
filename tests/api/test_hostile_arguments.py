"""Hostile text through every argument of every root field: it is data everywhere, and nowhere a statement."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from db.engines import Engines
from jobs import health
from schema.build import build_schema
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api
from tests.conftest import Database
from tests.jobs.worker.sites import open_site

SCHEMA = build_schema()._schema  # noqa: SLF001 - has no public name
EVERYTHING = (Role.ADMIN, Role.HR)
HOSTILE = (
    "'; DROP TABLE staff; --",
    '"; DROP TABLE staff; --',
    "' OR '1'='1",
    "') UNION SELECT passwd FROM pg_shadow --",
    "$1",
    "%s %(x)s {0} {x}",
    "\\",
    "\\'; SELECT pg_sleep(30); --",
    "田 & !中 | (太:*) <->",
    "%_%",
    "\0",
    "\ud800",
    "../../../../etc/passwd",
    "restore:' OR true --",
    "backup:../../x",
    "staff:'; DROP TABLE staff; --",
    "0/0'; --",
    "\u202e\ufeff\u2028",
    "x" * 5_000,
    "",
)


def arguments() -> Iterator[Any]:
    """Yield the root type, the field and the path of every argument that takes a text."""
    for root in (SCHEMA.query_type, SCHEMA.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            for path in paths(field.args):
                yield pytest.param(root, name, path, id=f"{name}({'.'.join(path)})")


def paths(arguments: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield where texts go, in arguments and in the input objects they take."""
    for name, argument in arguments.items():
        named = get_named_type(argument.type)
        if isinstance(named, GraphQLInputObjectType):
            yield from ((name, *path) for path in paths(named.fields))
        elif is_leaf_type(named) and not is_enum_type(named) and named.name not in ("Int", "Float", "Boolean"):
            yield (name,)


def document(root: GraphQLObjectType, name: str) -> str:
    """Return an operation that passes every argument of a field by a variable of its name."""
    field = root.fields[name]
    declared = ", ".join(f"${argument}: {taken.type}" for argument, taken in field.args.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    selection = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
    return f"{root.name.lower()} ({declared}) {{ {name}({passed}) {selection} }}"


def filled(arguments: dict[str, Any], path: tuple[str, ...], text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, argument in arguments.items():
        if path and name == path[0]:
            given[name] = value_of(argument.type, path[1:], text)
        elif is_non_null_type(argument.type) and not _has_default(argument):
            given[name] = value_of(argument.type, (), "x")
    return given


def value_of(type_: GraphQLInputType, path: tuple[str, ...], text: str) -> Any:
    bare = get_nullable_type(type_)
    if is_list_type(bare):
        return [value_of(bare.of_type, path, text)]
    if isinstance(bare, GraphQLInputObjectType):
        if bare.is_one_of and not path:
            path = (next(iter(bare.fields)),)
        return filled(bare.fields, path, text)
    if is_enum_type(bare):
        return next(iter(bare.values))
    return {"Int": 1, "Float": 1.0, "Boolean": False, "DateTime": "2026-01-01T00:00:00Z"}.get(
        bare.name if not path and text == "x" else "", text
    )


def _has_default(argument: GraphQLArgument) -> bool:
    return f"{argument.default_value}" != "Undefined"


@pytest.fixture(scope="module")
async def installed(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """The application of an installation, so that backups and restores answer too."""
    disk, links = tmp_path_factory.mktemp("disk"), SignInLinks()
    async with (
        open_site(tmp_path_factory.mktemp("site")) as site,
        Engines.open(module_database.primary_url, [module_database.replica_url]) as engines,
    ):

        async def examine() -> health.Report:
            return await health.report(engines, version="0", directories=[disk])

        settings = Settings(environment="development")
        app = create_app(engines, settings, tokens=TOKENS, links=links, examine=examine, site=site)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Api(client, links, module_database.primary_url)


@pytest.mark.parametrize(("root", "name", "path"), list(arguments()))
async def test_no_text_in_an_argument_is_a_surprise(
    installed: Api, root: GraphQLObjectType, name: str, path: tuple[str, ...]
) -> None:
    headers = {"authorization": f"Bearer {installed.token(*EVERYTHING)}", "content-type": "application/json"}
    for text in HOSTILE:
        variables = filled(root.fields[name].args, path, text)
        body = json.dumps({"query": document(root, name), "variables": variables}).encode("ascii")
        answer = await installed.client.post("/graphql", content=body, headers=headers)

        assert answer.status_code < 500, answer.text
        codes = [error["extensions"]["code"] for error in answer.json().get("errors", [])]
        assert "INTERNAL_ERROR" not in codes, (text, answer.text)


async def test_after_all_of_that_every_table_is_still_there(installed: Api) -> None:
    connection = await asyncpg.connect(installed.primary_url)
    try:
        for table in ("staff", "employees", "genzai", "ukeoi", "leave_requests", "yukyu_usage_details"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - written above
    finally:
        await connection.close()
