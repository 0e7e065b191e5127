"""What all three rosters know about a person."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from jobs.data.sample.calendar import AS_OF, age_on, moment_in_past
from jobs.data.sample.draw import Draw, chance, whole
from jobs.data.sample.names import FEMALE, MALE, Name, draw_name

WORKING, WAITING, LEFT = "在職中", "待機中", "退社"

_STATUSES = Draw.of({WORKING: 70.0, LEFT: 27.0, WAITING: 3.0})
_HIRE_YEARS = Draw.of({year: float(year - 2008) ** 1.5 for year in range(2010, 2026)})
_VETERANS_HIRE_YEARS = Draw.of({year: float(year - 2008) for year in range(2012, 2023)})


@dataclass(slots=True)
class Person:
    number: str
    name: Name
    gender: str
    nationality: str
    birth_date: date
    age: int
    status: str
    hire_date: date
    leave_date: date | None
    last_updated: datetime


def draw_person(random: Random, number: str, nationalities: Draw[str], *, veteran: bool) -> Person:
    """Return somebody; a veteran has been here since 2022 or longer and still is, and so has three years of leave."""
    nationality = nationalities(random)
    gender = MALE if chance(random, 0.62) else FEMALE
    hired = _hire_date(random, veteran=veteran)
    birth = hired - timedelta(days=int(365.25 * (18 + 37 * random.random())))
    status = WORKING if veteran else _STATUSES(random)
    left = _leave_date(random, hired) if status == LEFT else None
    return Person(
        number=number,
        name=draw_name(random, nationality, gender),
        gender=gender,
        nationality=nationality,
        birth_date=birth,
        age=age_on(AS_OF, birth),
        status=status,
        hire_date=hired,
        leave_date=left,
        last_updated=moment_in_past(random, min(1_000, (AS_OF - hired).days + 1)),
    )


def _hire_date(random: Random, *, veteran: bool) -> date:
    """Return a first or sixteenth of a month, April more often than any other."""
    year = (_VETERANS_HIRE_YEARS if veteran else _HIRE_YEARS)(random)
    month = 4 if chance(random, 0.2) else whole(random, 1, 12)
    return date(year, month, 1 if chance(random, 0.6) else 16)


def _leave_date(random: Random, hired: date) -> date:
    """Return a day after at least two weeks of work, where there were as many."""
    return min(AS_OF, hired + timedelta(days=14 + int(random.random() * max(1, (AS_OF - hired).days - 14))))
