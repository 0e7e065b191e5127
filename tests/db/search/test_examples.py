"""What must be found, over a background of 20,000 sample rows a table."""

from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from db.errors import BadInputError
from db.search import EmployeeTable, SearchRequest
from tests.db.search.conftest import EXAMPLES, add_examples, page

CASES = [
    pytest.param(example, query, id=f"{example['record']['employee_num']}-{query}")
    for example in EXAMPLES["examples"]
    for query in example["queries"]
]
pytestmark = pytest.mark.xdist_group("search")


@pytest.mark.parametrize(("example", "query"), CASES)
async def test_example_is_among_the_first_ten(crowd: asyncpg.Connection, example: dict[str, Any], query: str) -> None:
    hits = (await page(crowd, query, first=10, highlight=True)).hits

    found = [
        index
        for index, hit in enumerate(hits)
        if hit.table == example["table"].upper() and hit.row["employee_num"] == example["record"]["employee_num"]
    ]
    assert found
    assert found[0] == 0 or not example["first_hit"]
    assert hits[found[0]].highlights


@pytest.mark.every_version
async def test_examples_are_found_on_every_version(people: asyncpg.Connection) -> None:
    await add_examples(people)

    for case in CASES:
        example, query = case.values
        hits = (await page(people, str(query), first=10)).hits
        assert example["record"]["employee_num"] in {hit.row["employee_num"] for hit in hits}, query  # pyright: ignore - a case


@pytest.mark.parametrize("query", EXAMPLES["finds_nothing"])
async def test_what_is_not_there_is_not_found(crowd: asyncpg.Connection, query: str) -> None:
    assert (await page(crowd, query)).hits == []


@pytest.mark.parametrize("query", EXAMPLES["is_text_not_syntax"])
async def test_operators_and_quotes_are_text(crowd: asyncpg.Connection, query: str) -> None:
    found = await page(crowd, query, count_total=True, highlight=True)

    assert (found.total == 0) == (not found.hits)


@pytest.mark.parametrize("query", ["", "   ", "　", "長" * 201, "nul\0", "half \ud83d"])
def test_what_cannot_be_meant_is_refused(query: str) -> None:
    with pytest.raises(BadInputError) as refused:
        SearchRequest(query=query)

    assert refused.value.message.endswith(".")
    assert refused.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"first": 101},
        {"tables": []},
        {"statuses": []},
        {"statuses": ["x"] * 51},
        {"year": 99_999},
    ],
)
def test_request_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        SearchRequest(query="田中", **wrong)


async def test_scores_fall_and_stay_above_zero(crowd: asyncpg.Connection) -> None:
    for query in ("田", "さ", "sato", "三河", "田中 工場", "1000"):
        scores = [hit.score for hit in (await page(crowd, query, first=100)).hits]

        assert scores[-1] > 0
        assert all(better >= worse for better, worse in pairwise(scores))


async def test_only_tables_asked_for_are_searched(crowd: asyncpg.Connection) -> None:
    hits = (await page(crowd, "田中", tables=[EmployeeTable.STAFF], first=50)).hits

    assert {hit.table for hit in hits} == {EmployeeTable.STAFF}
