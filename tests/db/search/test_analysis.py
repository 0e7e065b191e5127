"""Text analysis: what is one to a searcher is one to search."""

from itertools import combinations

import asyncpg
import pytest

from db.search.folding import fold, words
from db.search.kanji import MODERN
from db.search.romaji import romaji, romaji_start

pytestmark = [pytest.mark.xdist_group("search"), pytest.mark.every_version]

SAME_KEY = [
    ["髙橋", "高橋"],
    ["﨑", "崎", "嵜"],
    ["渡邊", "渡邉", "渡辺"],
    ["齋藤", "斎藤", "齊藤", "斉藤"],
    ["濵田", "濱田", "浜田"],
    ["𠮷野", "吉野"],
    ["廣瀨", "広瀬"],
    ["佐々木", "佐佐木"],
    ["佐々々木", "佐佐々木", "佐佐佐木"],
    ["ササキ", "ささき", "ｻｻｷ", "さゝき"],
    ["ガギグ", "ｶﾞｷﾞｸﾞ", "か\u3099ぎぐ"],
    ["コーチ", "ｺｰﾁ", "コ―チ", "こ–ち"],
    ["TRẦN", "Trần", "tran", "Tra\u0302\u0300n", "ＴＲＡＮ"],
    ["Đặng", "dang", "ĐẶNG"],
    ["Gonçalves", "GONCALVES"],
    ["Müller-Lüdenscheidt", "muller ludenscheidt"],
    ["Straße", "STRASSE"],
    ["O'Brien", "O’Brien", "OBrien"],
    ["株式会社三河製作所", "㈱三河製作所", "(株)三河製作所", "三河製作所（株）", "三河製作所 株式會社", "三河製作所"],
    ["有限会社山田", "㈲山田", "(有)山田", "山田（有）"],
    ["合同会社東", "東合同会社", "東"],
    ["カ）ミカワ", "ミカワ（カ", "ミカワ"],
    ["Toyota Co., Ltd.", "toyota", "TOYOTA CO.,LTD", "Toyota Inc."],
    ["鎌ヶ谷", "鎌ケ谷"],
    ["ＡＢ－１２３", "ab-123", "AB 123", "ab123"],
    ["三河\u200b製作所", "三河・製作所", "三河　製作所"],
]

SAME_ROMAJI = [
    ["おおつか", "otsuka", "ohtsuka", "ootsuka", "outsuka", "ootuka", "otuka"],
    ["しんいち", "shinichi", "sinichi", "siniti", "shiniti"],
    ["しんぽ", "shimpo", "shinpo", "sinpo"],
    ["いってつ", "ittetsu", "ittetu"],
    ["ふじ", "fuji", "huji", "huzi", "fuzi"],
    ["じゅん", "jun", "zyun", "jyun"],
    ["ちゃ", "cha", "tya"],
    ["しょう", "sho", "shou", "syo", "shoh", "syou"],
    ["まっちゃ", "matcha", "maccha", "mattya"],
    ["はっちょう", "hatcho", "hattyo", "hatchou"],
    ["つづき", "tsuzuki", "tuduki", "tsuduki"],
    ["ゆうき", "yuki", "yuuki"],
    ["さとう", "sato", "satoh", "satou"],
    ["おおはし", "ohashi", "oohashi"],
    ["ほんま", "homma", "honma"],
    ["じぇーむず", "jemuzu"],
    ["ふぁむ", "famu"],
]


async def keys(connection: asyncpg.Connection, function: str, texts: list[str]) -> list[str | None]:
    records = await connection.fetch(
        f"SELECT search.{function}(text) FROM unnest($1::text[]) WITH ORDINALITY AS t (text, place) ORDER BY place",  # noqa: S608 - names of functions
        texts,
    )
    return [record[0] for record in records]


async def test_what_is_one_to_a_searcher_has_one_key(people: asyncpg.Connection) -> None:
    for same in SAME_KEY:
        normal = [text.replace(" ", "") for text in await keys(people, "normal", same) if text is not None]

        assert len(set(normal)) == 1, (same, normal)


FOLDED_ONCE = [
    "佐々々木",
    "佐々ゝ々",
    "佐々 木佐々々々 々々木",
    "'々々",
    "株式会社々々",
    "ナ゙々\u200b々",
    "a〃〃",
]


@pytest.mark.parametrize("text", FOLDED_ONCE)
async def test_folding_twice_changes_nothing(people: asyncpg.Connection, text: str) -> None:
    (once,) = await keys(people, "folded", [text])

    assert once is not None
    assert await keys(people, "folded", [once]) == [once]


async def test_python_folds_as_the_database_does(people: asyncpg.Connection) -> None:
    texts = [text for same in SAME_KEY for text in same]

    normal = [(text or "").replace(" ", "") for text in await keys(people, "normal", texts)]

    assert ["".join(letter.text for letter in fold(text)) for text in texts] == normal
    assert ["".join(words(text)) for text in texts] == normal


async def test_a_reading_has_the_normal_form_of_any_text(people: asyncpg.Connection) -> None:
    texts = [
        "ササキ ショウ", "サトー　ヴァン", "ヶヵヮヰヱヲヴ ンーァィゥェォャュョッ", "ササキショウ", "ササキ  ショウ",
        " ササキ ショウ", "ササキ・ショウ", "ｻｻｷ ｼｮｳ", "ささき しょう", "サヽキ ショウ", "チャン コック バオ",
        "カ) ミカワ", "",
    ]  # fmt: skip

    assert await keys(people, "normal_kana", texts) == await keys(people, "normal", texts)


@pytest.mark.parametrize("same", SAME_ROMAJI, ids=lambda same: same[0])
async def test_spellings_of_one_name_are_one_romaji(people: asyncpg.Connection, same: list[str]) -> None:
    canonical = await keys(people, "romaji", same)

    assert len(set(canonical)) == 1, canonical
    assert [romaji(text) for text in same] == canonical


async def test_beginnings_of_romaji_begin_the_whole(people: asyncpg.Connection) -> None:
    typed = ["otsuka", "shinichi", "matcha", "chiba", "juri", "fujii", "tsuji", "ittetsu", "kyoko", "zura"]
    starts = [word[:length] for word in typed for length in range(1, len(word) + 1)]

    canonical = await keys(people, "romaji_start", starts)
    whole = dict(zip(typed, await keys(people, "romaji", typed), strict=True))

    assert [romaji_start(start) for start in starts] == canonical
    for start, romanised in zip(starts, canonical, strict=True):
        assert any((whole[word] or "").startswith(romanised or "-") for word in typed if word.startswith(start)), start


async def test_different_readings_stay_different(people: asyncpg.Connection) -> None:
    canonical = await keys(people, "romaji", ["さとう", "さいとう", "かとう", "いとう", "ごとう", "しんいち", "しいち"])

    assert all(one != other for one, other in combinations(canonical, 2))


async def test_database_knows_the_same_variants(people: asyncpg.Connection) -> None:
    assert await keys(people, "modern_kanji", list(MODERN)) == list(MODERN.values())


async def test_analysis_is_the_same_under_every_locale(people: asyncpg.Connection) -> None:
    volatile = await people.fetch("""
        SELECT p.oid::regprocedure::text
        FROM   pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE  n.nspname = 'search' AND (p.proparallel <> 's' OR p.provolatile = 'v')
    """)

    assert volatile == []
