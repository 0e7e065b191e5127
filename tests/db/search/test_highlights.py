"""Matches are marked in the text as it stands in the row."""

import pytest

from db.search.highlight import Marker
from db.search.registry import BY_TABLE, EmployeeTable

MARKED = [
    ("ささき", {"kana": "ササキ ショウ"}, {"kana": "[ササキ] ショウ"}),
    ("ｻｻｷ ｼｮｳ", {"kana": "ササキ ショウ"}, {"kana": "[ササキ ショウ]"}),
    ("田中太郎", {"name": "田中 太郎"}, {"name": "[田中 太郎]"}),
    ("太郎 田中", {"name": "田中 太郎"}, {"name": "[田中] [太郎]"}),
    ("佐佐木", {"name": "佐々木 翔"}, {"name": "[佐々木] 翔"}),
    ("髙橋邊", {"name": "高橋 辺"}, {"name": "[高橋 辺]"}),
    ("tran", {"name": "Trần Quốc Bảo"}, {"name": "[Trần] Quốc Bảo"}),
    ("bao tran", {"name": "Trần Quốc Bảo"}, {"name": "[Trần] Quốc [Bảo]"}),
    ("ran", {"name": "Trần Quốc Bảo"}, {}),
    ("㈱三河製作所", {"dispatch_name": "株式会社三河製作所"}, {"dispatch_name": "株式会社[三河製作所]"}),
    ("第3", {"line": "第３ライン"}, {"line": "[第３]ライン"}),
    ("ａｂ１２３", {"employee_num": "AB12345"}, {"employee_num": "[AB123]45"}),
    ("otsuka", {"kana": "オオツカ シンイチ"}, {"kana": "[オオツカ] シンイチ"}),
    ("ootuka sin-iti", {"kana": "オオツカ シンイチ"}, {"kana": "[オオツカ シンイチ]"}),
    ("shimpo", {"kana": "シンポ イッテツ"}, {"kana": "[シンポ] イッテツ"}),
    ("おおつか", {"name": "Ohtsuka Ken"}, {"name": "[Ohtsuka] Ken"}),
    (
        "山本 尾北",
        {"name": "山本 蓮", "dispatch_name": "尾北化成"},
        {"name": "[山本] 蓮", "dispatch_name": "[尾北]化成"},
    ),
    ("ガ", {"kana": "ｶﾞｷﾞ"}, {"kana": "[ｶﾞ]ｷﾞ"}),
    ("%", {"name": "100%"}, {}),
]


@pytest.mark.parametrize(("query", "row", "marked"), MARKED, ids=[query for query, _, _ in MARKED])
def test_match_is_marked_where_it_is(query: str, row: dict[str, str], marked: dict[str, str]) -> None:
    highlights = Marker(query).highlights(row, BY_TABLE[EmployeeTable.GENZAI])

    assert marked == {
        highlight.field: "".join(f"[{piece.text}]" if piece.matched else piece.text for piece in highlight.fragments)
        for highlight in highlights
    }
