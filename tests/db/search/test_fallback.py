"""A database file gives the hits of PostgreSQL in the order of PostgreSQL; the file is a copy of its rows."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import migrations, search, transfer
from db.fallback import FileEngines, analysis, path_of
from db.fallback.transfer import writing
from db.search import EmployeeTable, SearchPage, SearchRequest
from tests.conftest import Database
from tests.db.search.conftest import EXAMPLES, add_examples, fill
from tests.db.search.test_analysis import SAME_KEY, SAME_ROMAJI

pytestmark = pytest.mark.xdist_group("search")

# What search looks at, and what it folds.
LETTERS = st.sampled_from(
    "田中佐々木髙﨑邉齋𠮷廣島製作所株式会社有限法人（）()㈱㈲ｶﾞﾊﾟｰーゝヽ々あいしょうっんぢづゃアイッャヵヶゕゖヴ"
    "abcdfhijkmnopqstuvwyzABZéñĐđßæœøłþŧıİŞẦ'’`´ʼ-‐–−・.,　 \t\n0123０１①Ⅳ㍿\u200b\u3099\u0301\ufe0fДжΩ한😀"
)
WORDS = st.sampled_from(
    [
        "co.,ltd",
        "inc.",
        "corp",
        "npo法人",
        "株式会社",
        "カ）",
        "(カ",
        "shi",
        "tsu",
        "oh",
        "ou",
        "mb",
        "cch",
        "じぇ",
        "っち",
    ]
)
TEXTS = st.lists(LETTERS | WORDS, max_size=12).map("".join)

PEOPLE = 3_000

ANALYSED = """
    SELECT search.normal($1) AS normal,
           search.entries($1, $2, $3, $4) AS entries,
           tsvector_to_array(search.vector($1, $2, $3, $4, $5)) AS vector
"""


@pytest.fixture(scope="module")
async def server(module_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a PostgreSQL with the examples among a few thousand people."""
    connection = await asyncpg.connect(module_database.primary_url)
    await fill(connection, PEOPLE)
    await add_examples(connection)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def mirror(server: asyncpg.Connection, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FileEngines]:
    """A database file with the same rows."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('file') / 'mirror.db'}"
    await migrations.upgrade(url)
    async with writing(path_of(url)) as file:
        for table in transfer.TABLES:
            columns = transfer.writable_columns(table)
            rows = await server.fetch(f"SELECT {', '.join(columns)} FROM {table.name}")  # noqa: S608 - names of columns
            await file.copy(table, columns, [tuple(row) for row in rows], lambda _: None)
    async with FileEngines.open_file(url) as engines:
        yield engines


async def of_file(mirror: FileEngines, request: SearchRequest) -> SearchPage:
    return (await mirror.read(lambda connection: search.search(connection, request))).value


def shown(page: SearchPage) -> list[Any]:
    """Return all of a page but the time it took."""
    return [
        page.has_next,
        page.has_previous,
        page.total,
        page.total_exact,
        page.counts_by_table,
        [(hit.table, dict(hit.row), hit.score, hit.cursor, list(hit.highlights)) for hit in page.hits],
    ]


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS))
async def test_analysis_is_that_of_postgresql(server: asyncpg.Connection, texts: tuple[str, ...]) -> None:
    number, name, kana, place, rest = texts
    there = await server.fetchrow(ANALYSED, *texts)
    assert there is not None

    assert analysis.normal(number) == there["normal"]
    assert list(analysis.entries(number, name, kana, place)) == there["entries"]
    assert set(analysis.vector(number, name, kana, place, rest)) == set(there["vector"])


@pytest.mark.parametrize(
    ("example", "query"),
    [
        pytest.param(example, query, id=f"{example['record']['employee_num']}-{query}")
        for example in EXAMPLES["examples"]
        for query in example["queries"]
    ],
)
async def test_every_example_is_found_where_postgresql_finds_it(
    mirror: FileEngines, server: asyncpg.Connection, example: dict[str, Any], query: str
) -> None:
    request = SearchRequest(query=query, first=10, highlight=True)

    page = await of_file(mirror, request)

    found = [(hit.table.lower(), hit.row["employee_num"]) for hit in page.hits]
    wanted = (example["table"], example["record"]["employee_num"])
    assert wanted in found
    assert wanted == found[0] or not example["first_hit"]
    assert shown(page) == shown(await search.search(server, request))


async def typed(connection: asyncpg.Connection, randomness: random.Random, most: int) -> list[str]:
    """Return what people might type: names, parts of them, readings, numbers and places of rows that are there."""
    rows = await connection.fetch(
        """
        SELECT name, kana, employee_num, dispatch_name AS place FROM genzai UNION ALL
        SELECT name, kana, employee_num, contract_business FROM ukeoi UNION ALL
        SELECT name, kana, employee_num, office FROM staff
        ORDER BY employee_num, name, place
        """
    )
    queries = [each for same in (*SAME_KEY, *SAME_ROMAJI) for each in same]
    queries += [
        "田",
        "さ",
        "a",
        "s",
        "1",
        "工業",
        "製作所",
        "株式会社",
        "田中 製",
        "sato ta",
        "100",
        "'",
        '"',
        "* OR",
        "😀",
    ]
    while len(queries) < most:
        row = randomness.choice(rows)
        texts = [row["name"], row["kana"] or row["name"], row["employee_num"], row["place"] or row["name"]]
        text = randomness.choice(texts)
        start = randomness.randrange(len(text))
        queries.append(
            randomness.choice(
                [
                    text,
                    text.replace(" ", ""),
                    " ".join(reversed(text.split())),
                    text[: randomness.randrange(1, 5)],
                    text[start : start + randomness.randrange(1, 4)],
                    f"{texts[0].split()[0]} {texts[3][:4]}",
                ]
            )
        )
    return [query for query in dict.fromkeys(queries) if query.strip()][:most]


SCOPES: Sequence[dict[str, Any]] = (
    {},
    {"tables": (EmployeeTable.STAFF,)},
    {"tables": (EmployeeTable.EMPLOYEES, EmployeeTable.GENZAI), "year": 2024},
    {"statuses": ("在職中",)},
    {"employed_on": date(2023, 4, 1)},
    {"statuses": ("退社", "在職中"), "employed_on": date(2025, 1, 1), "year": 2025},
)


async def test_hundreds_of_queries_have_equal_hits_in_equal_order(
    mirror: FileEngines, server: asyncpg.Connection
) -> None:
    randomness = random.Random(7)  # noqa: S311 - the same every time
    for number, query in enumerate(await typed(server, randomness, 500)):
        scope = SCOPES[number % len(SCOPES)]
        request = SearchRequest(query=query, first=20, count_total=True, count_by_table=True, **scope)

        here, there = await of_file(mirror, request), await search.search(server, request)

        assert shown(here) == shown(there), (query, scope)


@pytest.mark.parametrize("query", ["佐藤", "製作所", "田", "sato", "1", "田中 工業"])
async def test_pages_go_on_alike_and_a_cursor_of_one_is_one_of_the_other(
    mirror: FileEngines, server: asyncpg.Connection, query: str
) -> None:
    after = None
    for _ in range(6):
        request = SearchRequest(query=query, first=40, after=after)
        here, there = await of_file(mirror, request), await search.search(server, request)
        assert shown(here) == shown(there)
        after = there.hits[-1].cursor if there.hits else None


async def test_offsets_and_suggestions_are_alike(mirror: FileEngines, server: asyncpg.Connection) -> None:
    for prefix in ("佐", "佐藤", "さ", "さと", "sa", "sat", "1", "10", "東", "株式会社", "a", "三河", "'"):
        there = await search.suggest(server, prefix, 10)
        assert (await mirror.read(lambda connection, text=prefix: search.suggest(connection, text, 10))).value == there
    for offset, after in pairwise(range(0, 1000, 250)):
        there = await search.search_at_offset(server, "佐藤", limit=after - offset and 20, offset=offset)
        here = await mirror.read(
            lambda connection, skipped=offset: search.search_at_offset(connection, "佐藤", offset=skipped)
        )
        assert shown(here.value) == shown(there)


def test_path_of_the_mirror_is_absolute(mirror: FileEngines) -> None:
    assert Path(mirror.node.path).is_absolute()
