"""Outside development only administrators look at the schema."""

from collections.abc import AsyncIterator

import pytest

from schema.roles import Role
from tests.api.application import Api
from tests.api.limited import application
from tests.conftest import Database

SCHEMA = "{ __schema { queryType { name } } }"
PAGE = {"accept": "text/html"}


@pytest.fixture(scope="module")
async def production(module_database: Database) -> AsyncIterator[Api]:
    async with application(module_database) as api:
        yield api


@pytest.fixture(scope="module")
async def development(module_database: Database) -> AsyncIterator[Api]:
    async with application(module_database, environment="development") as api:
        yield api


@pytest.mark.parametrize(
    "document",
    [
        SCHEMA,
        '{ __type(name: "Query") { name } }',
        "{ a: __schema { queryType { name } } }",
        "{ ... { __schema { queryType { name } } } }",
        "{ ...F } fragment F on Query { __schema { queryType { name } } }",
        "query A { me { name } ...F } fragment F on Query { ... on Query { __schema { queryType { name } } } }",
    ],
)
@pytest.mark.parametrize(
    ("roles", "code"), [((), "UNAUTHENTICATED"), ((Role.VIEWER,), "FORBIDDEN"), ((Role.HR,), "FORBIDDEN")]
)
async def test_introspection_is_refused_to_whoever_is_no_administrator(
    production: Api, document: str, roles: tuple[Role, ...], code: str
) -> None:
    refused = await production.refusal(document, roles=roles)

    assert refused["code"] == code
    assert "admin" in refused["message"]


async def test_administrators_introspect(production: Api) -> None:
    assert await production.data(SCHEMA, roles=(Role.ADMIN,)) == {"__schema": {"queryType": {"name": "Query"}}}


async def test_the_name_of_a_type_is_no_secret(production: Api) -> None:
    assert await production.data("{ __typename me { __typename } }", roles=()) == {
        "__typename": "Query",
        "me": {"__typename": "Viewer"},
    }


async def test_names_are_not_suggested_to_who_may_not_see_them(production: Api, development: Api) -> None:
    near = "{ me { nam } }"

    assert "Did you mean" not in (await production.refusal(near))["message"]
    assert "Did you mean 'name'?" in (await production.refusal(near, roles=(Role.ADMIN,)))["message"]
    assert "Did you mean 'name'?" in (await development.refusal(near, roles=()))["message"]


async def test_graphiql_is_for_administrators(production: Api) -> None:
    def cookie(role: Role) -> dict[str, str]:
        return PAGE | {"cookie": f"yukyu_session={production.token(role)}"}

    stranger = await production.client.get("/graphql", headers=PAGE)
    expired = await production.client.get("/graphql", headers=PAGE | {"cookie": "yukyu_session=old"})
    viewer = await production.client.get("/graphql", headers=cookie(Role.VIEWER))
    admin = await production.client.get("/graphql", headers=cookie(Role.ADMIN))

    for refused in (stranger, expired, viewer):
        assert refused.status_code == 403
        assert 'href="/sign-in"' in refused.text
    assert admin.status_code in (200, 503)  # 503 where it was not built
    assert "for administrators" not in admin.text


async def test_in_development_everybody_looks_around(development: Api) -> None:
    page = await development.client.get("/graphql", headers=PAGE)

    assert page.status_code in (200, 503)  # 503 where it was not built
    assert await development.data(SCHEMA, roles=()) == {"__schema": {"queryType": {"name": "Query"}}}


async def test_limits_hold_in_development_too(development: Api) -> None:
    deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"

    assert (await development.refusal(deep, roles=()))["code"] == "QUERY_TOO_COMPLEX"
