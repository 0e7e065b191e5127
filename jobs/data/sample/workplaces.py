"""About 300 workplaces of companies that do not exist, from large to small."""

from functools import cache
from typing import NamedTuple

from jobs.data.sample.draw import Draw

# Old province and river names make company names that sound right without being anybody's.
_STEMS = (
    "三河", "尾張", "東濃", "西濃", "中濃", "知多", "木曽川", "長良", "庄内", "矢作", "豊川", "揖斐",
    "北勢", "鈴鹿", "遠州", "天竜", "備前", "備中", "吉備", "美作", "旭川", "高梁", "瀬戸内", "播磨",
    "淀川", "近江", "飛騨", "恵那", "養老", "伊吹",
)  # fmt: skip
_TRADES = (
    "精工", "プレス工業", "樹脂", "電装", "鋳造", "ゴム工業", "セラミック", "化成", "金属", "機工", "食品",
    "物流サービス", "自動車部品", "電子", "繊維", "印刷", "製鋼", "塗装工業", "合成", "包装",
)  # fmt: skip
_PLANTS = (
    "本社工場", "岡崎工場", "豊田工場", "刈谷工場", "安城工場", "小牧工場", "春日井工場", "一宮工場", "犬山工場",
    "可児工場", "各務原工場", "大垣工場", "土岐工場", "美濃加茂工場", "四日市工場", "桑名工場", "浜松工場",
    "磐田工場", "岡山工場", "倉敷工場", "水島工場", "津山工場", "総社工場", "姫路工場", "第一工場", "第二工場",
    "第三工場", "物流センター",
)  # fmt: skip
_FORMS = ("株式会社{}", "{}株式会社", "㈱{}", "{}㈱", "(株){}", "{}", "{}有限会社")

COUNT = 300

OFFICES = Draw.of(
    {
        "名古屋本社": 30.0, "岡崎営業所": 12.0, "豊田営業所": 12.0, "刈谷営業所": 8.0, "一宮営業所": 6.0,
        "岐阜営業所": 8.0, "可児営業所": 7.0, "四日市営業所": 6.0, "浜松支店": 8.0, "岡山支店": 9.0,
        "倉敷営業所": 5.0, "姫路営業所": 3.0, "大阪支店": 5.0, "東京支店": 4.0,
    }
)  # fmt: skip


class Workplace(NamedTuple):
    key: str
    name: str


@cache
def workplaces() -> Draw[Workplace]:
    """Return the workplaces; the n-th employs one n-th of what the first does, as town and company sizes do."""
    return Draw([_workplace(n) for n in range(COUNT)], [1 / (n + 6) for n in range(COUNT)])


def _workplace(n: int) -> Workplace:
    # Steps that share no factor with the lengths visit every combination before one comes back.
    company = _STEMS[n * 7 % len(_STEMS)] + _TRADES[(n * 3 + n // len(_STEMS)) % len(_TRADES)]
    form = _FORMS[n * 3 % len(_FORMS)]
    return Workplace(f"H{n + 1:04d}", f"{form.format(company)} {_PLANTS[n * 5 % len(_PLANTS)]}")
