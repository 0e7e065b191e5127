"""Addresses that look right and are nobody's."""

from random import Random
from typing import NamedTuple

from jobs.data.sample.draw import Draw, chance, whole

_CITIES = Draw(
    [
        ("460", "愛知県名古屋市中区"), ("451", "愛知県名古屋市西区"), ("455", "愛知県名古屋市港区"),
        ("444", "愛知県岡崎市"), ("471", "愛知県豊田市"), ("448", "愛知県刈谷市"), ("446", "愛知県安城市"),
        ("485", "愛知県小牧市"), ("486", "愛知県春日井市"), ("491", "愛知県一宮市"), ("484", "愛知県犬山市"),
        ("441", "愛知県豊橋市"), ("475", "愛知県半田市"), ("500", "岐阜県岐阜市"), ("503", "岐阜県大垣市"),
        ("504", "岐阜県各務原市"), ("505", "岐阜県美濃加茂市"), ("509", "岐阜県可児市"), ("507", "岐阜県多治見市"),
        ("510", "三重県四日市市"), ("511", "三重県桑名市"), ("513", "三重県鈴鹿市"), ("430", "静岡県浜松市中央区"),
        ("438", "静岡県磐田市"), ("700", "岡山県岡山市北区"), ("710", "岡山県倉敷市"), ("719", "岡山県総社市"),
        ("708", "岡山県津山市"), ("670", "兵庫県姫路市"), ("530", "大阪府大阪市北区"),
    ]
)  # fmt: skip
_TOWNS = Draw(
    ["本町", "栄町", "緑町", "東町", "西町", "南町", "北町", "旭町", "若松町", "桜町", "大和町", "末広町", "幸町",
     "新田町", "中島", "上野", "川端町", "美里", "高根", "松原"]
)  # fmt: skip
_HOUSES = Draw(["コーポ", "メゾン", "ハイツ", "サンライズ", "グリーンハイム", "エスポワール", "第二寮", "レオハイツ"])


class Home(NamedTuple):
    postal_code: str
    address: str
    building: str | None


def draw_home(random: Random) -> Home:
    code, city = _CITIES(random)
    town = _TOWNS(random)
    address = f"{city}{town}{whole(random, 1, 9)}丁目{whole(random, 1, 30)}-{whole(random, 1, 20)}"
    building = f"{_HOUSES(random)}{town} {whole(random, 1, 9)}0{whole(random, 1, 9)}" if chance(random, 0.6) else None
    return Home(f"{code}-{whole(random, 0, 9999):04d}", address, building)
