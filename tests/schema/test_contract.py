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
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

import schema.build

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT.parent / "shared" / "contract" / "schema.graphql"

# Root fields of the contract that are still to come; what only they use may be missing too.
TO_COME: dict[str, set[str]] = {}
# The types behind interfaces, which no field names.
BUILT = ["VacationEmployee", "DispatchEmployee", "ContractEmployee", "StaffMember", "UsageDetail", "LeaveRequest"]


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(schema.build.build_schema().as_str())


def test_the_committed_sdl_is_what_the_code_says() -> None:
    committed = (ROOT / "schema" / "schema.graphql").read_text("utf-8")

    assert schema.build.build_schema().as_str().strip() == committed.strip(), "make schema"


@pytest.mark.skipif(not CONTRACT.exists(), reason="the public contract is kept outside this repository")
def test_nothing_of_the_contract_is_dropped_renamed_or_retyped(ours: GraphQLSchema) -> None:
    contract = build_schema(CONTRACT.read_text("utf-8"))

    changes = {change.description for change in find_breaking_changes(contract, ours)}

    assert changes - _excused(contract) == set()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the public contract is kept outside this repository")
def test_what_is_said_to_be_still_to_come_is(ours: GraphQLSchema) -> None:
    for root, fields in TO_COME.items():
        assert set(_fields_of(ours.type_map[root])) & fields == set()


def test_every_element_of_the_sdl_has_a_description(ours: GraphQLSchema) -> None:
    assert list(_undescribed(ours)) == []


def _excused(contract: GraphQLSchema) -> set[str]:
    """Return what may be missing, as `find_breaking_changes` words it: what is to come and the types only that uses."""
    fields = {f"Field {root}.{field} was removed." for root, names in TO_COME.items() for field in names}
    built = _reached(contract, ["Query", "Mutation", "Subscription", *BUILT])
    return fields | {f"{name} was removed." for name in contract.type_map if name not in built}


def _reached(contract: GraphQLSchema, waiting: list[str]) -> set[str]:
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        kind = contract.type_map[name]
        waiting += [interface.name for interface in getattr(kind, "interfaces", ())]
        for field_name, field in _fields_of(kind).items():
            if field_name in TO_COME.get(name, ()):
                continue
            waiting.append(get_named_type(field.type).name)
            waiting += [get_named_type(argument.type).name for argument in getattr(field, "args", {}).values()]
    return found


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
