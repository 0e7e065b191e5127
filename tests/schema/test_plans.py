"""Objects completed by plan are what graphql-core makes of them, to the byte, errors included."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
import pytest
import strawberry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from strawberry.extensions import ParserCache
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.plans import MOST_KEPT, PlannedExecution, Plans
from schema.scalars import SCALARS


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.interface
class Named:
    name: str
    nick: str | None


@strawberry.type
class Leaf(Named):
    colour: Colour
    on: date | None
    days: Decimal | None
    count: int
    share: float
    id: strawberry.ID
    tags: list[str | None] | None

    @strawberry.field
    def resolved(self) -> str:
        return f"resolved {self.name}"


@strawberry.type
class Branch(Named):
    leaves: list[Leaf]
    first: Named | None
    all: list[Named]


@strawberry.type
class Query:
    @strawberry.field
    def branch(self, info: strawberry.Info[Any, None]) -> Branch | None:
        return info.context.value

    @strawberry.field
    def named(self, info: strawberry.Info[Any, None]) -> list[Named]:
        return [info.context.value, *info.context.value.leaves] if info.context.value else []


@dataclass
class Asked:
    value: Any
    plans: Plans | None = field(default_factory=Plans)


def made(execution: type[StrawberryGraphQLCoreExecutionContext]) -> strawberry.Schema:
    config, parsed = StrawberryConfig(scalar_map=SCALARS), ParserCache()
    return strawberry.Schema(
        query=Query,
        types=[Leaf, Branch],
        config=config,
        execution_context_class=execution,
        extensions=[lambda: parsed],  # plans belong to a document that stays
    )


PLANNED, GENERAL = made(PlannedExecution), made(StrawberryGraphQLCoreExecutionContext)


def leaf(**other: Any) -> Leaf:
    plain = {"name": "葉", "nick": None, "colour": Colour.RED, "on": date(2026, 4, 1), "days": Decimal("10.50")}
    rest = {"count": 3, "share": 0.5, "id": strawberry.ID("l:1"), "tags": ["a", None]}
    return Leaf(**(plain | rest | other))


def branch(*leaves: Leaf) -> Branch:
    return Branch(name="枝", nick="b", leaves=list(leaves), first=leaves[0] if leaves else None, all=list(leaves))


def answers(document: str, value: Any, variables: dict[str, Any] | None = None) -> list[bytes]:
    """Return the answer by plan, the same once more when the plan is known, and the general one, as bytes."""
    asked = Asked(value)
    results = [
        schema.execute_sync(document, context_value=asked, variable_values=variables)
        for schema in (PLANNED, PLANNED, GENERAL)
    ]
    return [
        orjson.dumps({"data": each.data, "errors": [error.formatted for error in each.errors or ()]})
        for each in results
    ]


LEAVES = "{ branch { name leaves { name nick colour on days count share id tags } } }"


@pytest.mark.parametrize(
    "document",
    [
        LEAVES,
        "{ branch { all { __typename name ... on Leaf { colour tags } ... on Branch { leaves { name } } } } }",
        "{ b: branch { n: name n: name leaves { name } leaves { nick } __typename } }",
        "{ branch { leaves { name resolved } first { nick } } }",
        "{ named { name ...L } } fragment L on Leaf { days count ...M } fragment M on Leaf { share }",
        "{ branch { name @skip(if: true) nick @include(if: true) } }",
    ],
)
def test_the_answer_is_the_same(document: str) -> None:
    first, again, general = answers(document, branch(leaf(), leaf(nick="x", tags=None, on=None)))

    assert first == again == general
    assert b'"errors":[]' in general


def test_there_is_a_plan_and_it_is_used_again() -> None:
    asked = Asked(branch(leaf(), leaf()))

    PLANNED.execute_sync(LEAVES, context_value=asked)
    assert asked.plans is not None
    assert len(asked.plans) == 1  # the branch's, with all that is in it
    PLANNED.execute_sync(LEAVES, context_value=asked)
    assert len(asked.plans) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"count": 2**40},
        {"count": "three"},
        {"colour": "green"},
        {"tags": 7},
        {"on": "tomorrow"},
        {"days": "many"},
        {"share": float("nan")},
    ],
)
def test_what_cannot_be_is_told_as_graphql_core_tells_it(wrong: dict[str, Any]) -> None:
    first, again, general = answers(LEAVES, branch(leaf(), leaf(**wrong)))

    assert first == again == general
    assert b'"errors":[{' in general


def test_an_object_of_another_class_is_told_too() -> None:
    first, again, general = answers(LEAVES, branch(leaf(), branch()))  # type: ignore[arg-type]

    assert first == again == general


@pytest.mark.parametrize("included", [True, False])
def test_variables_of_directives_decide_each_time(*, included: bool) -> None:
    document = "query ($with: Boolean!) { branch { name nick @include(if: $with) } }"
    asked = Asked(branch(leaf()))

    for value in (included, not included, included):
        planned, general = (
            schema.execute_sync(document, context_value=asked, variable_values={"with": value}).data
            for schema in (PLANNED, GENERAL)
        )
        assert planned == general
        assert ("nick" in planned["branch"]) is value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    document=queries(GENERAL.as_str()),
    leaves=st.lists(
        st.builds(
            leaf,
            name=st.text(max_size=5),
            nick=st.none() | st.text(max_size=5),
            colour=st.sampled_from([*Colour, None]),
            count=st.integers(-(2**33), 2**33),
            tags=st.none() | st.lists(st.none() | st.text(max_size=3), max_size=3),
        ),
        max_size=3,
    ),
)
def test_any_document_over_any_values_is_answered_the_same(document: str, leaves: list[Leaf]) -> None:
    first, again, general = answers(document, branch(*leaves))

    assert first == again == general


def test_what_is_kept_of_a_document_is_bounded() -> None:
    plans = Plans()

    assert [plans.once(number, lambda number=number: number) for number in range(MOST_KEPT * 2)] == list(
        range(MOST_KEPT * 2)
    )
    assert len(plans) == MOST_KEPT
