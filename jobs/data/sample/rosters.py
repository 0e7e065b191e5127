"""The three tables of people: `genzai`, `ukeoi` and `staff`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from db.tables import Genzai, Staff, Ukeoi
from db.transfer import TableRow
from jobs.data.sample.calendar import AS_OF
from jobs.data.sample.draw import Draw, chance, whole
from jobs.data.sample.homes import draw_home
from jobs.data.sample.person import WORKING, Person, draw_person
from jobs.data.sample.workplaces import OFFICES, workplaces

# Every ninth person of each roster keeps three years of leave: together a third as many people as a roster has rows.
VETERANS_ONE_IN = 9

_DEPARTMENTS = Draw(
    ["製造部", "製造一課", "製造二課", "組立課", "検査課", "加工課", "塗装課", "成形課", "物流課", "品質管理課",
     "プレス課", "鋳造課", "出荷課", "保全課"],
    [14, 12, 10, 12, 9, 9, 5, 7, 7, 5, 4, 3, 5, 2],
)  # fmt: skip
_LINES = Draw([*(f"第{n}ライン" for n in range(1, 9)), "Aライン", "Bライン", "Cライン", "夜勤ライン"])
_JOBS = Draw(
    ["組立作業", "検査", "機械オペレーター", "プレス加工", "溶接", "塗装", "梱包", "フォークリフト", "ピッキング",
     "射出成形", "旋盤加工", "鋳造", "仕上げ", "部品供給", "出荷準備"],
    [20, 14, 12, 7, 6, 4, 8, 6, 7, 6, 3, 2, 3, 4, 4],
)  # fmt: skip
_CONTRACTS = Draw(["組立業務", "検査業務", "梱包業務", "加工業務", "構内物流業務", "清掃業務", "成形業務"])
_VISAS = Draw.of(
    {
        "永住者": 34.0, "定住者": 20.0, "技術・人文知識・国際業務": 16.0, "特定技能1号": 12.0, "日本人の配偶者等": 10.0,
        "永住者の配偶者等": 4.0, "家族滞在": 4.0,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with leave accounts, as the accounts have to repeat it."""

    number: str
    name: str
    workplace: str
    hire_date: date
    hourly_wage: int | None


@dataclass(frozen=True)
class Roster:
    model: type[Genzai | Ukeoi | Staff]
    first_number: int
    nationalities: Draw[str]
    enrol: Callable[[Random, Person], tuple[TableRow, Holder]]

    def people(self, rows: int, seed: int, holders: list[Holder]) -> Iterator[TableRow]:
        """Yield the rows, adding those people to `holders` who keep leave accounts."""
        random = Random(f"{seed}/{self.model.__tablename__}")  # noqa: S311 - a sample, not a secret
        for n in range(rows):
            veteran = n % VETERANS_ONE_IN == 0
            person = draw_person(random, str(self.first_number + n), self.nationalities, veteran=veteran)
            row, holder = self.enrol(random, person)
            if veteran:
                holders.append(holder)
            yield row


def _dispatch(random: Random, person: Person) -> tuple[TableRow, Holder]:
    workplace = workplaces()(random)
    wage = _hourly_wage(random, person)
    row = (
        f"genzai_{person.number}", person.status, person.number, workplace.key, workplace.name, _DEPARTMENTS(random),
        _LINES(random), _JOBS(random), person.name.text, person.name.kana, person.gender, person.nationality,
        person.birth_date, person.age, wage, _wage_revision(random), person.hire_date, person.leave_date,
        person.last_updated,
    )  # fmt: skip
    return row, Holder(person.number, person.name.text, workplace.name, person.hire_date, wage)


def _contract(random: Random, person: Person) -> tuple[TableRow, Holder]:
    business = f"{workplaces()(random).name} {_CONTRACTS(random)}"
    wage = _hourly_wage(random, person)
    row = (
        f"ukeoi_{person.number}", person.status, person.number, business, person.name.text, person.name.kana,
        person.gender, person.nationality, person.birth_date, person.age, wage, _wage_revision(random),
        person.hire_date, person.leave_date, person.last_updated,
    )  # fmt: skip
    return row, Holder(person.number, person.name.text, business, person.hire_date, wage)


def _own_staff(random: Random, person: Person) -> tuple[TableRow, Holder]:
    office = OFFICES(random)
    home = draw_home(random)
    row = (
        f"staff_{person.number}", person.status, person.number, office, person.name.text, person.name.kana,
        person.gender, person.nationality, person.birth_date, person.age, *_visa(random, person),
        "有" if chance(random, 0.5) else "無", home.postal_code, home.address, home.building,
        person.hire_date, person.leave_date, person.last_updated,
    )  # fmt: skip
    return row, Holder(person.number, person.name.text, office, person.hire_date, None)


def _hourly_wage(random: Random, person: Person) -> int:
    """Return yen per hour: more for every year here, in steps of ten."""
    return 1_150 + 10 * whole(random, 0, 45) + 20 * min(10, AS_OF.year - person.hire_date.year)


def _wage_revision(random: Random) -> str | None:
    return f"{whole(random, 2022, 2025)}年{4 if chance(random, 0.7) else 10}月" if chance(random, 0.6) else None


def _visa(random: Random, person: Person) -> tuple[Any, Any]:
    """Return expiry and type; permanent residents' cards are renewed too, so everybody from abroad has both."""
    if person.nationality == "日本":
        return None, None
    horizon = whole(random, 30, 1_500) if person.status == WORKING else whole(random, -900, 400)
    return AS_OF + timedelta(days=horizon), _VISAS(random)


ROSTERS = (
    Roster(
        Genzai,
        1_000_001,
        Draw.of({"日本": 45.0, "ベトナム": 25.0, "ブラジル": 13.0, "フィリピン": 11.0, "ネパール": 6.0}),
        _dispatch,
    ),
    Roster(
        Ukeoi,
        4_000_001,
        Draw.of({"日本": 62.0, "ベトナム": 17.0, "ブラジル": 10.0, "フィリピン": 8.0, "ネパール": 3.0}),
        _contract,
    ),
    Roster(
        Staff,
        7_000_001,
        Draw.of({"日本": 86.0, "ベトナム": 6.0, "ブラジル": 4.0, "フィリピン": 3.0, "ネパール": 1.0}),
        _own_staff,
    ),
)
