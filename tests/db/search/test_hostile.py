"""Whatever is typed is searched for, or refused in a sentence; it is never an error of ours."""

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.errors import BadInputError
from db.search import SearchRequest, search, suggest
from db.search.folding import fold
from db.search.highlight import Marker
from db.search.registry import BY_TABLE, EmployeeTable

pytestmark = pytest.mark.xdist_group("search")

NASTY = [
    "'", '"', "\\", "\\'", "''", "%", "_", "$1", "$$", ";", "--", "/*", "&", "|", "!", ":*", "<->", "(", ")",
    "ﾞ", "々", "ー",
    "\u0301", "\u3099", "\ufeff", "\u200d", "\U0010ffff", "ﷺ", "İ", "ǅ", "㍿", "㈱", "(株)", "｡", "ｶﾞ", "👩‍👩‍👧",
    "\r\n", "\u2028",
    "shim", "tch", "っ", "ん", "ゔ", "㋿", "ﬀ", "½", "co., ltd", "o'", "n'", "^", "q", "'k'", "田:*A", "1 2 3",
]  # fmt: skip
texts = st.lists(
    st.one_of(st.sampled_from(NASTY), st.text(max_size=4), st.sampled_from("田中太郎さとうabc12 　")), max_size=12
)
SOME = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
MANY = settings(SOME, max_examples=200)


@SOME
@given(pieces=texts)
async def test_any_text_is_searched_for_or_refused(crowd: asyncpg.Connection, pieces: list[str]) -> None:
    await is_searched_for_or_refused(crowd, pieces)


@pytest.mark.long
@MANY
@given(pieces=texts)
async def test_any_of_many_texts_is_searched_for_or_refused(crowd: asyncpg.Connection, pieces: list[str]) -> None:
    await is_searched_for_or_refused(crowd, pieces)


async def is_searched_for_or_refused(crowd: asyncpg.Connection, pieces: list[str]) -> None:
    query = "".join(pieces)

    try:
        page = await search(crowd, SearchRequest(query=query, first=5, count_total=True, highlight=True))
        await suggest(crowd, query, 3)
    except BadInputError:
        return

    assert page.total is not None
    assert len(page.hits) <= page.total


@SOME
@given(pieces=texts)
@example(pieces=["'", "々", "々"])
@example(pieces=["佐", "々", "々", "木"])
async def test_any_text_can_be_a_name(crowd: asyncpg.Connection, pieces: list[str]) -> None:
    await can_be_a_name(crowd, pieces)


@pytest.mark.long
@MANY
@given(pieces=texts)
async def test_any_of_many_texts_can_be_a_name(crowd: asyncpg.Connection, pieces: list[str]) -> None:
    await can_be_a_name(crowd, pieces)


async def can_be_a_name(crowd: asyncpg.Connection, pieces: list[str]) -> None:
    name = "".join(pieces).encode("utf-8", "ignore").decode().replace("\0", "")
    transaction = crowd.transaction()
    await transaction.start()

    await crowd.execute(
        "INSERT INTO genzai (employee_num, name, kana, dispatch_name, line) VALUES ('HOSTILE', $1, $1, $1, $1)", name
    )
    normal = await crowd.fetchval("SELECT search.normal($1)", name)
    if normal and len(name) <= 200:
        found = await search(crowd, SearchRequest(query=name, first=100, tables=[EmployeeTable.GENZAI]))
        assert "HOSTILE" in {hit.row["employee_num"] for hit in found.hits}

    await transaction.rollback()


@given(text=st.text(), query=texts)
def test_fragments_are_the_whole_text(text: str, query: list[str]) -> None:
    marker = Marker("".join(query))

    for highlight in marker.highlights({"name": text, "kana": text}, BY_TABLE[EmployeeTable.STAFF]):
        assert "".join(fragment.text for fragment in highlight.fragments) == text
        assert any(fragment.matched for fragment in highlight.fragments)
        assert all(
            one.matched != other.matched
            for one, other in zip(highlight.fragments, highlight.fragments[1:], strict=False)
        )


@given(text=st.text())
def test_folded_letters_stand_in_the_text_in_order(text: str) -> None:
    letters = fold(text)

    assert all(0 <= letter.start < letter.end <= len(text) for letter in letters)
    assert [letter.start for letter in letters] == sorted(letter.start for letter in letters)


QUERIES = [
    "髙橋 一",
    "検査課 山本",
    "ohtsuka",
    "gonc",
    "おおつ",
    "佐藤 蓮",
    "倉敷",
    "tran bao",
    "ab123",
    "大塚",
    "ぢ",
    "nguyen quoc",
    "田中 三河精工",
    "森 三河セラミック",
]
BOTH = """
    WITH ask AS (
        SELECT search.with_lexemes(search.parse($1)) AS q,
               ROW('{1,2,3,4}', NULL, NULL, NULL, 80000, 500, NULL, NULL)::search.scope AS s,
               ROW(0, false, 'infinity', '', 0)::search.hit AS a
    )
    SELECT ARRAY(
               SELECT   h.id
               FROM     search.step_by_step(q, s, a, 1000) h
               ORDER BY h.older, h.rank, h.moment DESC, h.id DESC),
           ARRAY(SELECT h.id FROM unnest(search.all_of_few(q, s, a)) h)
    FROM   ask
"""


@pytest.mark.parametrize("query", QUERIES)
async def test_the_short_way_and_the_long_way_find_the_same_in_the_same_order(
    crowd: asyncpg.Connection, query: str
) -> None:
    long, short = await crowd.fetchrow(BOTH, query)

    assert long
    assert short in (long, [])


# A page looked for among the newest after a glance at so many, which counted or not, and the same page sorted out of
# all that match.
AMONG_NEWEST = """
    WITH ask AS (
        SELECT search.with_lexemes(search.parse($1)) AS q,
               ROW('{1,2,3,4}', NULL, NULL, NULL, 80000, glance, NULL, NULL)::search.scope AS s,
               ROW(0, false, 'infinity', '', 0)::search.hit AS a
        FROM   unnest(ARRAY[$2, 0]) AS glance
    ),
    counted AS (
        SELECT q, a, (
                   (s).tables, NULL, NULL, NULL, (s).records, (s).glance,
                   CASE WHEN $3 THEN search.seen(q, s, (s).glance, 20) END, NULL
               )::search.scope AS s
        FROM   ask
    )
    SELECT ARRAY(
               SELECT   h
               FROM     search.step_by_step(q, s, a, 20) h
               ORDER BY h.older, h.rank, h.moment DESC, h.id DESC, h.table_no DESC
               LIMIT    20)
    FROM   counted
"""


@pytest.mark.parametrize(
    "query", [*QUERIES, "木", "ハル", "さ", "ぬ", "1000", "mor", "田中 工場", "田中 製", "nguyen van", "雄"]
)
@pytest.mark.parametrize("glance", [40, 200, 1000])
@pytest.mark.parametrize("counts", [True, False], ids=["counted", "not counted"])
async def test_what_is_found_among_the_newest_is_what_sorting_all_gives(
    crowd: asyncpg.Connection, query: str, glance: int, *, counts: bool
) -> None:
    among_newest, by_sorting = await crowd.fetch(AMONG_NEWEST, query, glance, counts)

    assert among_newest == by_sorting
