"""The dates that the sample is about. Nothing in it depends on the day it is made."""

from datetime import date, datetime, timedelta, timezone
from functools import cache
from random import Random

JAPAN = timezone(timedelta(hours=9), "JST")

# The books are closed on the last day of 2025: grants of 2023 have expired, those of 2024 are in their second year.
AS_OF = date(2025, 12, 31)
YEARS = (2025, 2024, 2023)

_CLOSING = datetime(2025, 12, 31, 18, 0, tzinfo=JAPAN)
_SECONDS_A_DAY = 86_400

# National holidays and the days that factories close, as (month, day): leave is not taken on them.
_CLOSED = {
    (1, 1), (1, 2), (1, 3), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (8, 13), (8, 14), (8, 15),
    (11, 3), (11, 23), (12, 29), (12, 30), (12, 31),
}  # fmt: skip
_SATURDAY = 5


@cache
def working_days(year: int) -> tuple[date, ...]:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    return tuple(
        day for day in days if day.year == year and day.weekday() < _SATURDAY and (day.month, day.day) not in _CLOSED
    )


def moment_in_past(random: Random, days: int) -> datetime:
    """Return a moment in so many days before the closing, later ones more often than earlier."""
    share = random.random()
    return _CLOSING - timedelta(seconds=int(share * share * days * _SECONDS_A_DAY))


def office_hours(random: Random, day: date) -> datetime:
    """Return a moment between eight and six o'clock of a day."""
    opening = datetime(day.year, day.month, day.day, 8, tzinfo=JAPAN)
    return opening + timedelta(seconds=int(random.random() * 36_000))


def age_on(day: date, birth: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
