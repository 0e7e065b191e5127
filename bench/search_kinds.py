"""The kinds of queries, taken from the rows themselves, and the statements they are put to."""

from collections.abc import Mapping, Sequence
from random import Random

import asyncpg

from db.search import EmployeeTable, SearchRequest, search

SURNAMES = ["佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"]
KANJI = ["田", "山", "藤", "木", "川", "村", "大", "子", "美", "製"]
KANA = ["さとう", "すずき", "たかはし", "たなか", "わたなべ", "ひろし", "ゆうき", "あおい", "こばやし", "おおつか"]
KATAKANA = ["サト", "スズ", "タナ", "ヤマ", "ナカ", "ワタ", "ヒロ", "ユウ", "ハル", "ミナ"]
ROMAJI = ["sato", "suzuki", "takahashi", "ohtsuka", "watanabe", "tanaka", "kobayashi", "shimpo", "yuki", "inoue"]
NO_HIT = ["xqzzv", "ZZ-000-NONE", "鬱鬱鬱", "ヴョヴョ", "qqqq wwww"]

NAMES = "SELECT name FROM staff WHERE name ~ '^[^ A-Za-z　]+ [^ ]+$' ORDER BY md5(id) LIMIT $1"
NUMBERS = "SELECT employee_num FROM genzai ORDER BY md5(id) LIMIT $1"
COMPANIES = "SELECT DISTINCT dispatch_name FROM (SELECT dispatch_name FROM genzai LIMIT 20000) AS sample LIMIT $1"
PAIRS = """
    SELECT split_part(name, ' ', 1) || ' ' || split_part(dispatch_name, ' ', 1)
    FROM   genzai
    WHERE  name ~ '^[^ A-Za-z　]+ [^ ]+$'
    ORDER  BY md5(id)
    LIMIT  $1
"""

# The text in any of the columns that are searched, in any table; the first twenty that come.
ILIKE = """
    SELECT id FROM (
        SELECT id FROM employees WHERE employee_num ILIKE $1 OR name ILIKE $1 OR haken ILIKE $1
        UNION ALL
        SELECT id FROM genzai WHERE employee_num ILIKE $1 OR name ILIKE $1 OR kana ILIKE $1 OR dispatch_name ILIKE $1
                                 OR department ILIKE $1 OR line ILIKE $1 OR job_content ILIKE $1
        UNION ALL
        SELECT id FROM ukeoi WHERE employee_num ILIKE $1 OR name ILIKE $1 OR kana ILIKE $1 OR contract_business ILIKE $1
        UNION ALL
        SELECT id FROM staff WHERE employee_num ILIKE $1 OR name ILIKE $1 OR kana ILIKE $1 OR office ILIKE $1
    ) AS found
    LIMIT 20
"""

PLAIN = """
    SELECT id FROM (
        SELECT id, ts_rank(plain, plainto_tsquery('simple', $1)) AS rank FROM plain_employees
        WHERE  plain @@ plainto_tsquery('simple', $1)
        UNION ALL
        SELECT id, ts_rank(plain, plainto_tsquery('simple', $1)) FROM plain_genzai
        WHERE  plain @@ plainto_tsquery('simple', $1)
        UNION ALL
        SELECT id, ts_rank(plain, plainto_tsquery('simple', $1)) FROM plain_ukeoi
        WHERE  plain @@ plainto_tsquery('simple', $1)
        UNION ALL
        SELECT id, ts_rank(plain, plainto_tsquery('simple', $1)) FROM plain_staff
        WHERE  plain @@ plainto_tsquery('simple', $1)
    ) AS found
    ORDER BY rank DESC
    LIMIT 20
"""


async def kinds(connection: asyncpg.Connection) -> Mapping[str, Sequence[str]]:
    """Return queries by kind, the same for the same rows."""

    async def taken(statement: str) -> list[str]:
        return [record[0] for record in await connection.fetch(statement, 10)]

    return {
        "full name": await taken(NAMES),
        "common surname": SURNAMES,
        "single kanji": KANJI,
        "kana": KANA,
        "two katakana": KATAKANA,
        "romaji": ROMAJI,
        "number": await taken(NUMBERS),
        "company": await taken(COMPANIES),
        "two words": await taken(PAIRS),
        "no hit": NO_HIT,
    }


async def ours(connection: asyncpg.Connection, query: str) -> None:
    await search(connection, SearchRequest(query=query, tables=tuple(EmployeeTable), first=20))


async def ilike(connection: asyncpg.Connection, query: str) -> None:
    await connection.fetch(ILIKE, f"%{query}%")


async def plain(connection: asyncpg.Connection, query: str) -> None:
    await connection.fetch(PLAIN, query)


def shuffled(queries: Sequence[str], times: int, random: Random) -> list[str]:
    """Return so many queries of a kind, each about as often as the others."""
    drawn = [queries[index % len(queries)] for index in range(times)]
    random.shuffle(drawn)
    return drawn
