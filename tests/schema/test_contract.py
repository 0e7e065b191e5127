"""The SDL against its committed file, against the public contract, and every element of it described."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    is_introspection_type,
    is_specified_scalar_type,
)

import schema.build

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT.parent / "shared" / "contract" / "schema.graphql"


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(schema.build.build_schema().as_str())


def test_the_committed_sdl_is_what_the_code_says() -> None:
    committed = (ROOT / "schema" / "schema.graphql").read_text("utf-8")

    assert schema.build.build_schema().as_str().strip() == committed.strip(), "make schema"


@pytest.mark.skipif(not CONTRACT.exists(), reason="the public contract is kept outside this repository")
def test_nothing_of_the_contract_is_dropped_renamed_or_retyped(ours: GraphQLSchema) -> None:
    contract = build_schema(CONTRACT.read_text("utf-8"))

    assert [change.description for change in find_breaking_changes(contract, ours)] == []


def test_every_element_of_the_sdl_has_a_description(ours: GraphQLSchema) -> None:
    assert list(_undescribed(ours)) == []


def _fields_of(kind: GraphQLNamedType) -> dict[str, Any]:
    is_composite = isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
    return kind.fields if is_composite else {}


def _undescribed(ours: GraphQLSchema) -> Iterator[str]:
    for name, kind in ours.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        if not kind.description:
            yield name
        for field_name, field in _fields_of(kind).items():
            if not field.description:
                yield f"{name}.{field_name}"
            for argument_name, argument in getattr(field, "args", {}).items():
                if not argument.description:
                    yield f"{name}.{field_name}({argument_name})"
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, is_ in kind.values.items() if not is_.description)
