"""Best first, newest first among equals, and what filters leave out."""

from datetime import date

import asyncpg
import pytest

from db.search import EmployeeTable, suggest
from tests.db.search.conftest import add, names, numbers, page

pytestmark = pytest.mark.xdist_group("search")


@pytest.mark.every_version
async def test_better_matches_come_first(people: asyncpg.Connection) -> None:
    await add(people, "genzai", employee_num="9", name="九 番", department="さくら課")
    await add(people, "staff", employee_num="8", name="八 番", office="桜木さくら支店")
    await add(people, "staff", employee_num="7", name="七 番", office="さくら支店")
    await add(people, "staff", employee_num="6", name="Sakura Ken")
    await add(people, "staff", employee_num="5", name="桜子 五", kana="サクラコ ゴ")
    await add(people, "staff", employee_num="4", name="桜 四", kana="サクラ シ")
    await add(people, "staff", employee_num="3", name="さくら子 三")
    await add(people, "staff", employee_num="2", name="さくら 二")
    await add(people, "staff", employee_num="1", name="サクラ")

    assert await numbers(people, "さくら") == ["1", "2", "3", "4", "5", "6", "7", "8", "9"]


async def test_number_comes_before_name(people: asyncpg.Connection) -> None:
    await add(people, "staff", employee_num="K1", name="Ab12")
    await add(people, "staff", employee_num="AB123", name="一")
    await add(people, "staff", employee_num="AB12", name="二")

    assert await numbers(people, "ab12") == ["AB12", "K1", "AB123"]


async def test_spaces_and_hyphens_in_numbers_do_not_matter(people: asyncpg.Connection) -> None:
    await add(people, "staff", employee_num="AB-12345", name="一")
    await add(people, "staff", employee_num="CD12345", name="二", office="ToyotaKogyo")

    for query in ("AB 12345", "ab12345", "AB-12345", "ＡＢ１２ ３４５"):
        assert await numbers(people, query) == ["AB-12345"]
    for query in ("CD 123", "cd-12345", "toyota kogyo"):
        assert await numbers(people, query) == ["CD12345"]


async def test_newest_come_first_among_equals(crowd: asyncpg.Connection) -> None:
    for query in ("佐藤", "さとう", "sato", "三河"):
        moments = [hit.row["last_updated"] for hit in (await page(crowd, query, tables=[EmployeeTable.STAFF])).hits]

        assert moments == sorted(moments, reverse=True)


async def test_record_of_which_several_words_start_alike_is_there_once(people: asyncpg.Connection) -> None:
    for number in range(100):
        await add(people, "staff", employee_num=str(number), name="佐藤 聡", kana="サトウ サトシ")

    for query in ("さ", "さと", "sa"):
        found = await numbers(people, query, first=100)

        assert len(set(found)) == len(found) == 100


async def test_older_accounts_come_after_other_people(people: asyncpg.Connection) -> None:
    for year in range(2016, 2027):
        await add(people, "employees", id=f"A1_{year}", employee_num="A1", name="年度 一", year=year)
    await add(people, "staff", employee_num="B1", name="年度 二")
    await add(people, "staff", employee_num="C1", name="別人", office="年度工場")

    hits = (await page(people, "年度", first=14)).hits

    assert [hit.row["employee_num"] for hit in hits[:3]] == ["B1", "A1", "C1"]
    assert [hit.row["year"] for hit in hits if hit.table is EmployeeTable.EMPLOYEES] == list(range(2026, 2015, -1))
    assert min(hit.score for hit in hits) > 0


async def test_older_accounts_come_last_among_many(crowd: asyncpg.Connection) -> None:
    hits = (await page(crowd, "佐藤", tables=[EmployeeTable.EMPLOYEES], first=100)).hits

    people = [hit.row["employee_num"] for hit in hits]
    assert len(set(people[:60])) == 60


async def test_year_leaves_out_other_years_only(people: asyncpg.Connection) -> None:
    for year in (2024, 2025, 2026):
        await add(people, "employees", id=f"A1_{year}", employee_num="A1", name="年度 一", year=year)
    await add(people, "staff", employee_num="B1", name="年度 一")

    hits = (await page(people, "年度 一", year=2025)).hits

    assert {(hit.table, hit.row.get("year")) for hit in hits} == {
        (EmployeeTable.EMPLOYEES, 2025),
        (EmployeeTable.STAFF, None),
    }
    assert {hit.score for hit in hits} == {hits[0].score}


async def test_statuses_leave_out_all_others(people: asyncpg.Connection) -> None:
    await add(people, "staff", employee_num="1", name="状態 一", status="在職中")
    await add(people, "staff", employee_num="2", name="状態 二", status="退社")
    await add(people, "staff", employee_num="3", name="状態 三")
    await add(people, "employees", employee_num="4", name="状態 四")

    assert await numbers(people, "状態", statuses=["退社", "休職"]) == ["2"]


async def test_only_those_employed_on_a_date(people: asyncpg.Connection) -> None:
    day = date(2026, 4, 1)
    await add(people, "staff", employee_num="before", name="在籍 一", hire_date=date(2020, 1, 1), leave_date=day)
    await add(people, "staff", employee_num="still", name="在籍 二", hire_date=day)
    await add(people, "staff", employee_num="until later", name="在籍 三", hire_date=day, leave_date=date(2026, 4, 2))
    await add(people, "staff", employee_num="after", name="在籍 四", hire_date=date(2026, 4, 2))
    await add(people, "staff", employee_num="unknown", name="在籍 五")
    await add(people, "employees", employee_num="account", name="在籍 六")

    assert set(await numbers(people, "在籍", employed_on=day)) == {"still", "until later", "account"}


async def test_only_columns_asked_for_are_fetched(people: asyncpg.Connection) -> None:
    await add(people, "staff", name="列 子")

    hit = (await page(people, "列 子", columns={EmployeeTable.STAFF: ["name"]})).hits[0]

    assert set(hit.row) == {"id", "name"}


async def test_search_columns_are_never_fetched(people: asyncpg.Connection) -> None:
    await add(people, "staff", name="列 子")

    hit = (await page(people, "列 子")).hits[0]

    assert not [column for column in hit.row if column.startswith("search_")]


async def test_change_is_found_at_once(people: asyncpg.Connection) -> None:
    await add(people, "staff", name="旧姓 花子")
    await people.execute("UPDATE staff SET name = '新姓 花子'")

    assert await names(people, "旧姓") == []
    assert await names(people, "新姓") == ["新姓 花子"]


async def test_suggestions_start_with_what_was_typed(people: asyncpg.Connection) -> None:
    for number, name in enumerate(["三浦 一", "三浦 一", "三浦 二", "田中 三"]):
        await add(people, "genzai", employee_num=f"M{number}", name=name, dispatch_name="三河製作所", kana="ミウラ")

    assert set(await suggest(people, "三", 8)) == {"三浦 一", "三浦 二", "三河製作所"}
    assert await suggest(people, "ｍ2", 8) == ["M2"]
    assert await suggest(people, "miur", 1) == ["三浦 一"]
    assert await suggest(people, "%", 8) == []
