"""Of several words, what tells most is looked up, and all that match are found nevertheless."""

import asyncpg
import pytest

from tests.db.search.conftest import add, numbers

pytestmark = pytest.mark.xdist_group("search")

TELLING = "SELECT (search.with_lexemes(search.parse($1))).telling::text"


@pytest.mark.every_version
@pytest.mark.parametrize(
    ("query", "telling"),
    [
        ("山本 豊川食品", ["山本", "川食"]),
        ("山本 ㈱豊川食品", ["山本", "川食"]),
        ("森 飛騨セラミック株式会社", ["森", "騨せ"]),
        ("佐藤 美作プレス工業", ["佐藤", "作ぷ", "す工"]),
        ("佐藤 自動車部品", ["佐藤", "動車", "部品"]),
    ],
)
async def test_pairs_that_tell_most_are_looked_up(people: asyncpg.Connection, query: str, telling: list[str]) -> None:
    looked_up = " & ".join(f"( 'n{pair}' | 'w{pair}' | 'o{pair}' )" for pair in telling)

    assert await people.fetchval(TELLING, query) == looked_up


@pytest.mark.parametrize("query", ["豊川食品", "山本 一郎", "製作所 森", "tanaka seisakusho", "さくらがわ みなみの"])
async def test_one_word_and_short_words_are_looked_up_as_they_are(people: asyncpg.Connection, query: str) -> None:
    assert await people.fetchval(TELLING, query) is None


@pytest.mark.parametrize("query", ["田中 検査課長", "佐藤 三河プレス工業", "山本 さくら製作所", "鈴木 木曽川ゴム工業"])
async def test_what_matches_all_pairs_matches_those_that_tell_most(crowd: asyncpg.Connection, query: str) -> None:
    name, place = query.split()
    await add(crowd, "genzai", employee_num="B1", name=name, dispatch_name=place)

    matching, missed = await crowd.fetchrow(
        """
        SELECT count(*), count(*) FILTER (WHERE (r.vector @@ q.telling) IS NOT TRUE)
        FROM   search.records r, search.with_lexemes(search.parse($1)) q
        WHERE  r.vector @@ q.by_any
        """,
        query,
    )

    assert matching > 0
    assert missed == 0


async def test_records_that_only_share_the_telling_pairs_are_no_hits(people: asyncpg.Connection) -> None:
    for year in (2025, 2026):
        await add(people, "employees", id=f"A_{year}", employee_num="A", name="山本 一", haken="川食", year=year)
    await add(people, "staff", employee_num="B", name="山本 二", office="淀川食堂")
    await add(people, "staff", employee_num="C", name="山本 三", office="豊川食品")

    assert await numbers(people, "山本 豊川食品") == ["C"]


CROWD = """
    INSERT INTO staff (employee_num, name, office, last_updated)
    SELECT 'O' || i, '山本 一', '淀川食堂', timestamptz '2020-01-01' + i * interval '1 minute'
    FROM   generate_series(1, 2100) AS i
"""
NEWEST = """
    INSERT INTO staff (employee_num, name, office, last_updated)
    SELECT 'N' || i, '森 二', '本社', timestamptz '2026-01-01' + i * interval '1 minute'
    FROM   generate_series(1, 400) AS i
"""


async def test_where_pairs_tell_little_all_of_them_are_looked_up(people: asyncpg.Connection) -> None:
    await people.execute(CROWD)
    await people.execute(NEWEST)
    await add(people, "staff", employee_num="C", name="山本 三", office="豊川食品")
    await people.execute("UPDATE staff SET last_updated = '2019-01-01' WHERE employee_num = 'C'; ANALYZE staff")

    few = await people.fetchval(
        """
        SELECT search.all_of_few(q, ROW('{4}', NULL, NULL, NULL, 2501, 200, NULL, NULL)::search.scope,
                                 ROW(0, false, 'infinity', '', 0)::search.hit)
        FROM   search.with_lexemes(search.parse('山本 豊川食品')) q
        """
    )
    found = await numbers(people, "山本 豊川食品")

    assert few is None, "the pairs find more than a few"
    assert found == ["C"]
