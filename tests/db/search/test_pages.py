"""Walking through pages: every hit once, whatever is added meanwhile."""

import asyncpg
import pytest

from db.errors import BadInputError
from db.search import Hit, SearchRequest, search, search_at_offset
from tests.db.search.conftest import add, page

pytestmark = pytest.mark.xdist_group("search")


async def walk(connection: asyncpg.Connection, query: str, first: int, pages: int) -> list[Hit]:
    hits: list[Hit] = []
    after = None
    for _ in range(pages):
        found = await page(connection, query, first=first, after=after)
        assert found.has_previous == (after is not None)
        hits += found.hits
        if not found.has_next:
            break
        after = found.hits[-1].cursor
    return hits


def keys(hits: list[Hit]) -> list[tuple[str, str]]:
    return [(hit.table, hit.row["id"]) for hit in hits]


@pytest.mark.parametrize(
    "query", ["佐藤", "田", "さ", "sat", "三河", "山本 検査", "100000", "nguyen", "tran bao", "郎"]
)
async def test_pages_together_are_one_long_page(crowd: asyncpg.Connection, query: str) -> None:
    at_once = (await page(crowd, query, first=100)).hits

    in_pages = await walk(crowd, query, 7, 15)

    assert keys(in_pages)[: len(at_once)] == keys(list(at_once))[: len(in_pages)]
    assert len(set(keys(in_pages))) == len(in_pages)


@pytest.mark.parametrize("query", ["髙橋 一", "検査課 山本", "ohtsuka", "gonc", "おおつ"])
async def test_walk_to_the_end_gives_as_many_as_were_counted(crowd: asyncpg.Connection, query: str) -> None:
    counted = await page(crowd, query, count_total=True)
    assert counted.total_exact

    walked = await walk(crowd, query, 50, 100)

    assert len(set(keys(walked))) == len(walked) == counted.total


async def test_next_page_goes_on_where_the_last_ended_although_rows_were_added(crowd: asyncpg.Connection) -> None:
    before = keys(await walk(crowd, "佐藤", 10, 2))
    first = await page(crowd, "佐藤", first=10)

    for number in range(20):
        await add(crowd, "staff", employee_num=f"NEW{number}", name="佐藤 新人")
    second = await page(crowd, "佐藤", first=10, after=first.hits[-1].cursor)

    assert keys([*first.hits, *second.hits]) == before


async def test_records_of_the_same_moment_and_id_are_all_there(people: asyncpg.Connection) -> None:
    for number in range(1, 6):
        for table in ("genzai", "ukeoi", "staff"):
            await people.execute(
                f"INSERT INTO {table} (id, employee_num, name, last_updated) VALUES ($1, $1, '同 時', '2026-01-01Z')",  # noqa: S608 - names of tables
                str(number),
            )

    walked = await walk(people, "同 時", 2, 20)

    assert len(set(keys(walked))) == len(walked) == 15


@pytest.mark.parametrize(
    "cursor", ["", "x", "ｘ", "AAAA", "=" * 8, "A" * 500, "田", "\0", "AeGala7c0QMAAgADA-WC_evYZDI5"]
)
async def test_what_is_no_cursor_is_refused(crowd: asyncpg.Connection, cursor: str) -> None:
    with pytest.raises(BadInputError):
        await page(crowd, "佐藤", after=cursor)


async def test_cursor_of_another_search_is_refused(crowd: asyncpg.Connection) -> None:
    cursor = (await page(crowd, "佐藤")).hits[0].cursor

    with pytest.raises(BadInputError, match="another search"):
        await page(crowd, "鈴木", after=cursor)
    with pytest.raises(BadInputError, match="another search"):
        await search(crowd, SearchRequest(query="佐藤", statuses=["在職中"], after=cursor))


async def test_offset_leaves_out_the_best(crowd: asyncpg.Connection) -> None:
    at_once = (await page(crowd, "佐藤", first=30)).hits

    later = await search_at_offset(crowd, "佐藤", limit=10, offset=20)

    assert keys(list(later.hits)) == keys(list(at_once[20:]))
    assert later.has_previous
    with pytest.raises(BadInputError):
        await search_at_offset(crowd, "佐藤", offset=-1)
    with pytest.raises(BadInputError):
        await search_at_offset(crowd, "佐藤", offset=1_000_000)


async def test_counting_stops_at_a_limit_and_says_so(crowd: asyncpg.Connection) -> None:
    found = await page(crowd, "工業", count_total=True, count_by_table=True)

    assert not found.total_exact
    assert max(found.counts_by_table.values()) == 1000
    assert found.total == sum(found.counts_by_table.values())


async def test_nothing_is_counted_unless_asked(crowd: asyncpg.Connection) -> None:
    found = await page(crowd, "佐藤")

    assert found.total is None
    assert found.counts_by_table == {}
