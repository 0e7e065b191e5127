from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.data.values import UnreadableError, read_date, read_moment

FIRST_OF_APRIL = [
    "2025-04-01",
    "2025-4-1",
    "2025/4/1",
    "2025/04/01",
    "2025.4.1",
    "2025年4月1日",
    "2025年04月01日(火)",
    "２０２５年４月１日",
    "2025-04-01 00:00:00",
    "2025-04-01T00:00:00",
    "2025-04-01T00:00:00.000000",
    "2025-04-01T00:00:00+09:00",
    "2025/04/01 9:05",
    "20250401",
    20250401,
    20250401.0,
    45748,
    45748.0,
    "45748",
    "45748.75",
    "令和7年4月1日",
    "R7.4.1",
    "\u3000 2025-04-01\t",
]

DATES = st.dates(date(1928, 1, 1), date(2170, 12, 31))
SPELLINGS = [
    lambda day: day.isoformat(),
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day.isoformat()} 00:00:00",
    lambda day: f"{day.isoformat()}T00:00:00",
    lambda day: f"{day:%Y%m%d}",
    lambda day: int(f"{day:%Y%m%d}"),
    lambda day: (day - date(1899, 12, 30)).days,
    lambda day: float((day - date(1899, 12, 30)).days),
]


@pytest.mark.parametrize("spelling", FIRST_OF_APRIL, ids=str)
def test_every_spelling_of_a_date_is_read(spelling: object) -> None:
    assert read_date(spelling) == date(2025, 4, 1)


@given(DATES, st.sampled_from(SPELLINGS))
def test_a_date_comes_back_from_any_spelling(day: date, spell: Callable[[date], object]) -> None:
    assert read_date(spell(day)) == day


@pytest.mark.parametrize(
    "nonsense",
    ["2025-02-30", "2025-13-01", "25/4/1", "04/01/2025", "2025-4/1", "2025", 2025, "tomorrow", "-", "2025-04-01T25:00"],
    ids=str,
)
def test_what_is_no_date_is_refused(nonsense: object) -> None:
    with pytest.raises(UnreadableError, match="is not a date"):
        read_date(nonsense)


@pytest.mark.parametrize("odd", ["0025-04-01", "1899-12-31", "2201-01-01", "20990101000000"])
def test_a_date_of_no_working_life_is_refused(odd: str) -> None:
    with pytest.raises(UnreadableError):
        read_date(odd)


def test_midnight_in_japan_told_in_utc_is_the_day_it_was_in_japan() -> None:
    assert read_date("2025-03-31T15:00:00.000Z") == date(2025, 4, 1)


@pytest.mark.parametrize(
    ("spelling", "moment"),
    [
        ("2025-04-01T10:20:30.123456", datetime(2025, 4, 1, 1, 20, 30, 123456, UTC)),
        ("2025-04-01 10:20:30", datetime(2025, 4, 1, 1, 20, 30, tzinfo=UTC)),
        ("2025-04-01T10:20:30Z", datetime(2025, 4, 1, 10, 20, 30, tzinfo=UTC)),
        ("2025-04-01T10:20:30+00:00", datetime(2025, 4, 1, 10, 20, 30, tzinfo=UTC)),
        ("2025-04-01T10:20:30.5-0300", datetime(2025, 4, 1, 13, 20, 30, 500000, UTC)),
        ("2025/4/1 9:05", datetime(2025, 4, 1, 0, 5, tzinfo=UTC)),
        ("2025-04-01", datetime(2025, 3, 31, 15, tzinfo=UTC)),
        (45748.5, datetime(2025, 4, 1, 3, tzinfo=UTC)),
    ],
    ids=str,
)
def test_a_moment_without_a_zone_was_meant_in_japans(spelling: object, moment: datetime) -> None:
    assert read_moment(spelling) == moment


@given(st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_a_moment_comes_back_from_its_iso_text(naive: datetime, offset_minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert read_moment(moment.isoformat()) == moment


@given(st.text(max_size=30) | st.floats() | st.integers() | st.binary(max_size=8))
def test_anything_is_read_or_refused_and_nothing_else(value: object) -> None:
    for read in (read_date, read_moment):
        with suppress(UnreadableError):
            read(value)
