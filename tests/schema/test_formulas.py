from typing import Any

import pytest
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from schema.build import build_schema
from schema.formulas import formulas_of
from schema.limits import Limits

SCHEMA = build_schema()._schema  # noqa: SLF001 - has no public name
INTROSPECTION = """
    { __schema { types { kind name fields { name args { name type { name } } type { name } } } } }
"""


def cost(document: str, variables: dict[str, Any] | None = None, name: str = "") -> int:
    return formulas_of(SCHEMA, parse(document))[name].cost(variables)


def hits(selection: str, first: object = 10) -> str:
    return f'{{ search(query: "a", first: {first}) {{ {selection} }} }}'


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 1),
        ("{ me { name } }", 2),
        ("{ a: me { name } b: me { name } }", 4),
        ("{ ...F ...F } fragment F on Query { me { name } }", 4),
        ("{ me { ... on Viewer { name } ... { roles } } }", 1 + 1 + 1 + 10),
        ('{ suggest(prefix: "a", first: 7) }', 10 + 1 + 7 - 1),
        (hits("tookMs"), 50 + 1),
        (hits("nodes { score }"), 50 + 1 + 10 * (10 + 1)),
        (hits("nodes { score } edges { cursor }"), 50 + 2 * (1 + 10 * (10 + 1))),
        ('{ search(query: "a") { nodes { score } } }', 50 + 1 + 20 * (10 + 1)),
        ("mutation { createBackup { __typename } }", 10 + 1),
    ],
)
def test_an_operation_costs_its_fields_as_often_as_they_are_answered(document: str, expected: int) -> None:
    assert cost(document) == expected


def test_of_several_possible_types_the_dearest_counts() -> None:
    one = hits("nodes { record { ... on StaffMember { office visaType } } }")
    other = hits("nodes { record { ... on StaffMember { office visaType } ... on DispatchEmployee { line } } }")
    common = hits("nodes { record { name ... on StaffMember { office visaType } ... on EmployeeRecord { kana } } }")

    assert cost(one) == cost(other)
    assert cost(common) == cost(one) + 10 * 2


@pytest.mark.parametrize(
    ("variables", "size"),
    [({"n": 50}, 50), ({"n": 50.0}, 50), ({}, 20), (None, 20), ({"n": 100}, 100)],
)
def test_a_page_costs_by_the_variable_that_says_its_size(variables: dict[str, Any] | None, size: int) -> None:
    document = 'query ($n: Int! = 20) { search(query: "a", first: $n) { nodes { score } } }'

    assert cost(document, variables) == cost(hits("nodes { score }", size))


@pytest.mark.parametrize("size", [0, -1, 101, 2**40, "x", None, True, [], {}, float("nan")])
def test_a_size_that_there_is_not_costs_one_item_and_is_refused_for_what_it_is(size: object) -> None:
    document = 'query ($n: Int!) { search(query: "a", first: $n) { nodes { score } } }'

    assert cost(document, {"n": size}) == cost(hits("nodes { score }", 1))


def test_a_variable_that_is_left_out_is_as_good_as_the_arguments_default() -> None:
    document = 'query ($n: Int) { search(query: "a", first: $n) { nodes { score } } }'

    assert cost(document, {}) == cost(hits("nodes { score }", 20))
    assert cost(document, {"n": 3}) == cost(hits("nodes { score }", 3))


def test_each_operation_of_a_document_has_its_own_cost() -> None:
    document = "query A { me { name } } query B { me { name } me { name } }"

    assert (cost(document, name="A"), cost(document, name="B")) == (2, 4)


def test_thirty_searches_for_a_hundred_hits_are_beyond_the_limit_and_a_whole_page_is_not() -> None:
    many = " ".join(f'a{n}: search(query: "a", first: 100) {{ nodes {{ record {{ name }} }} }}' for n in range(30))
    whole = "nodes { score record { id table employeeNum name kana status lastUpdated ... on VacationEmployee { "
    whole += "granted used balance expired usageRate year usageDetails { useDate daysUsed } leaveRequests { id } } } }"

    assert cost(f"{{ {many} }}") > Limits().cost
    assert cost(hits(whole, 100)) < Limits().cost


def test_introspection_as_tools_send_it_is_within_the_limit() -> None:
    assert cost(get_introspection_query(), name="IntrospectionQuery") < Limits().cost / 2
    assert cost(INTROSPECTION) > 100


@given(first=st.integers(1, 100), more=st.integers(0, 50))
def test_more_never_costs_less(first: int, more: int) -> None:
    assert cost(hits("nodes { score }", first)) <= cost(hits("nodes { score }", min(100, first + more)))
    assert cost(hits("nodes { score }", first)) < cost(hits("nodes { score } totalCount", first))
