import hashlib
from collections import Counter
from decimal import Decimal
from random import Random

import asyncpg
import pytest

from db import transfer
from db.errors import BadInputError
from jobs.data import sample
from jobs.data.sample.accounts import account_rows, draw_accounts
from jobs.data.sample.names import MALE, draw_name
from jobs.data.sample.rosters import ROSTERS, Holder
from jobs.data.sample.usage import usage_rows
from tests.conftest import Database

ROWS = 300
CHECKSUM = "52a0ab3d15931bf0"


def everything(rows: int, seed: int) -> list[transfer.TableRow]:
    made: list[transfer.TableRow] = []
    holders: list[list[Holder]] = []
    for roster in ROSTERS:
        holders.append([])
        made += roster.people(rows, seed, holders[-1])
    accounts = list(
        draw_accounts([holder for together in zip(*holders, strict=True) for holder in together], rows, seed)
    )
    requests: list[transfer.TableRow] = []
    return [*made, *account_rows(accounts, seed), *usage_rows(accounts, seed, requests), *requests]


def checksum(rows: list[transfer.TableRow]) -> str:
    return hashlib.sha256("\n".join(map(str, rows)).encode()).hexdigest()[:16]


def test_the_same_size_and_seed_make_the_same_rows_everywhere() -> None:
    assert checksum(everything(ROWS, 1)) == CHECKSUM


def test_another_seed_makes_other_rows() -> None:
    assert checksum(everything(ROWS, 2)) != CHECKSUM


def test_surnames_are_as_common_as_they_are_in_japan() -> None:
    random = Random("surnames")  # noqa: S311 - no secret
    surnames = Counter(draw_name(random, "日本", MALE).text.split()[0] for _ in range(20_000))

    assert [surname for surname, _ in surnames.most_common(2)] in (["佐藤", "鈴木"], ["鈴木", "佐藤"])
    assert 0.02 < surnames["佐藤"] / 20_000 < 0.035
    assert len(surnames) > 500
    variants = sum(surnames[name] for name in ("髙橋", "渡邊", "渡邉", "齋藤", "齊藤", "濵田", "山﨑", "𠮷田", "廣瀬"))
    assert 0.003 < variants / 20_000 < 0.03


def test_every_name_has_its_kana() -> None:
    random = Random("kana")  # noqa: S311 - no secret
    kana = set("ー・ 　") | {chr(code) for code in range(ord("ァ"), ord("ヺ") + 1)}
    for nationality in ("日本", "ベトナム", "ブラジル", "フィリピン", "ネパール"):
        for _ in range(300):
            assert set(draw_name(random, nationality, MALE).kana) <= kana


class Loaded:
    def __init__(self, url: str, counts: dict[str, int]) -> None:
        self.url = url
        self.counts = counts

    async def value(self, query: str) -> object:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


@pytest.fixture
async def loaded(database: Database) -> Loaded:
    return Loaded(database.primary_url, await sample.load(database.primary_url, ROWS))


@pytest.mark.every_version
async def test_each_of_the_four_tables_has_as_many_rows_as_asked_for(loaded: Loaded) -> None:
    for table in ("employees", "genzai", "ukeoi", "staff"):
        assert loaded.counts[table] == await loaded.value(f"SELECT count(*) FROM {table}") == ROWS  # noqa: S608
    assert loaded.counts["yukyu_usage_details"] > ROWS
    assert loaded.counts["leave_requests"] > 0


async def test_usage_days_add_up_to_what_was_used_of_every_account(loaded: Loaded) -> None:
    assert await loaded.value("""
        SELECT count(*)
        FROM   employees e
        LEFT   JOIN (SELECT employee_num, year, sum(days_used) AS days FROM yukyu_usage_details GROUP BY 1, 2) u
               USING (employee_num, year)
        WHERE  e.used <> coalesce(u.days, 0)
    """) == 0  # fmt: skip


async def test_accounts_are_what_the_law_makes_them(loaded: Loaded) -> None:
    assert await loaded.value("""
        SELECT count(*)
        FROM   employees
        WHERE  granted NOT IN (10, 11, 12, 14, 16, 18, 20)
           OR  balance <> granted - used - expired
           OR  used > granted
           OR  (year = 2023 AND balance <> 0)
           OR  (year > 2023 AND expired <> 0)
    """) == 0  # fmt: skip
    five_days = await loaded.value("SELECT avg((used >= 5)::int) FROM employees")
    assert Decimal("0.9") < five_days < 1


async def test_accounts_belong_to_people_of_the_same_name_and_workplace(loaded: Loaded) -> None:
    assert await loaded.value("""
        SELECT count(*)
        FROM   employees e
        LEFT   JOIN (SELECT employee_num, name, dispatch_name AS haken FROM genzai
                     UNION ALL SELECT employee_num, name, contract_business FROM ukeoi
                     UNION ALL SELECT employee_num, name, office FROM staff) p
               USING (employee_num, name, haken)
        WHERE  p.employee_num IS NULL
    """) == 0  # fmt: skip
    assert await loaded.value("SELECT max(n) FROM (SELECT count(*) AS n FROM employees GROUP BY employee_num) a") == 3


async def test_every_row_is_older_than_the_day_the_books_were_closed(loaded: Loaded) -> None:
    newest = " UNION ALL ".join(
        f"SELECT max(last_updated) AS at FROM {table}"  # noqa: S608
        for table in ("employees", "genzai", "ukeoi", "staff", "yukyu_usage_details")
    )
    assert await loaded.value(f"SELECT max(at) < '2026-01-01T00:00+09' FROM ({newest}) newest")  # noqa: S608


async def test_a_database_with_rows_is_left_alone(loaded: Loaded) -> None:
    with pytest.raises(sample.NotEmptyError, match="300 in genzai") as refused:
        await sample.load(loaded.url, 5)

    assert "--replace" in (refused.value.hint or "")
    assert await loaded.value("SELECT count(*) FROM genzai") == ROWS


async def test_replacing_leaves_only_the_new_rows(loaded: Loaded) -> None:
    await sample.load(loaded.url, 5, replace=True)

    assert await loaded.value("SELECT count(*) FROM genzai") == 5


async def test_what_fails_on_the_way_leaves_nothing(database: Database) -> None:
    def fail(subject: str, done: int, total: int) -> None:
        if subject == "leave_requests":
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await sample.load(database.primary_url, 5, on_progress=fail)

    assert await Loaded(database.primary_url, {}).value("SELECT count(*) FROM genzai") == 0


@pytest.mark.parametrize("rows", [0, -1, 2_000_001])
async def test_sizes_out_of_bounds_are_refused(rows: int) -> None:
    with pytest.raises(BadInputError, match="1 to 2,000,000 rows"):
        await sample.load("postgresql://nobody@127.0.0.1:1/nothing", rows)
