"""Who may ask for what is declared at every root field, and the SDL says it."""

from dataclasses import fields

import pytest
from graphql import GraphQLObjectType
from graphql import build_schema as parse_schema
from strawberry.types import get_object_definition

from schema.build import build_schema
from schema.mutation import Mutation
from schema.permissions import Anybody, IsAdmin, IsViewer
from schema.query import Query
from schema.subscription import Subscription
from schema.types.employees import PERSONAL, PERSONAL_FIELDS, PERSONAL_OF, TYPES

ROOTS = {"Query": Query, "Mutation": Mutation, "Subscription": Subscription}
FIELDS = [
    (name, field.python_name, field.permission_classes)
    for name, root in ROOTS.items()
    for field in get_object_definition(root, strict=True).fields
]
# What nobody has to be signed in for; anything new here has to be thought about.
OPEN = {("Query", "me"), ("Mutation", "login"), ("Mutation", "refresh"), ("Mutation", "logout")}
# What a viewer may ask for; everything else is for administrators.
FOR_VIEWERS = {("Query", "node"), ("Query", "search"), ("Query", "suggest")}

SDL = build_schema().as_str()
PARSED = parse_schema(SDL)


@pytest.mark.parametrize(("root", "field", "declared"), FIELDS, ids=[f"{root}.{field}" for root, field, _ in FIELDS])
def test_every_root_field_declares_one_role_or_that_it_needs_none(root: str, field: str, declared: list[type]) -> None:
    expected = Anybody if (root, field) in OPEN else IsViewer if (root, field) in FOR_VIEWERS else IsAdmin

    assert declared == [expected]


def test_the_walk_saw_every_root_field_of_the_schema() -> None:
    walked = {(root, field) for root, field, _ in FIELDS}

    for name in ROOTS:
        parsed = PARSED.type_map[name]
        assert isinstance(parsed, GraphQLObjectType)
        assert len(parsed.fields) == sum(root == name for root, _ in walked)


@pytest.mark.parametrize("name", ROOTS)
def test_the_sdl_says_what_every_root_field_needs(name: str) -> None:
    parsed = PARSED.type_map[name]
    assert isinstance(parsed, GraphQLObjectType)

    for field in parsed.fields.values():
        assert field.ast_node is not None
        said = {directive.name.value for directive in field.ast_node.directives or ()}
        assert len(said & {"needsRole", "needsNoRole"}) == 1


def test_personal_fields_and_no_others_say_that_they_need_hr() -> None:
    for table, record in TYPES.items():
        parsed = PARSED.type_map[record.__name__]
        assert isinstance(parsed, GraphQLObjectType)
        declared = {
            name
            for name, field in parsed.fields.items()
            if field.ast_node and any(each.name.value == "needsRole" for each in field.ast_node.directives or ())
        }
        described = {name for name, field in parsed.fields.items() if "ersonal data" in (field.description or "")}
        assert declared == described == PERSONAL_OF[table]


def test_every_personal_column_that_a_type_shows_is_a_personal_field() -> None:
    shown = {each.name for record in TYPES.values() for each in fields(record)}

    assert PERSONAL.startswith("Personal data")
    assert {"birth_date", "hourly_wage", "visa_type", "postal_code", "address"} <= shown & PERSONAL_FIELDS
