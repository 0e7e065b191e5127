"""When maintenance windows hold."""

from datetime import datetime, time, timedelta, timezone

import pytest

from jobs.alerts.maintenance import Maintenance, Once, Weekly

JAPAN = timezone(timedelta(hours=9))
SUNDAYS = Weekly(frozenset({6}), time(23, tzinfo=JAPAN), timedelta(hours=2))


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-11-29T22:59:59+09:00", False),
        ("2026-11-29T23:00:00+09:00", True),
        ("2026-11-29T15:59:59+00:00", True),  # Monday, 00:59:59 in Japan
        ("2026-11-30T01:00:00+09:00", False),
        ("2026-11-28T23:30:00+09:00", False),
    ],
)
def test_a_weekly_window_begins_in_its_own_time_zone_and_lasts_over_midnight(moment: str, holds: bool) -> None:  # noqa: FBT001
    assert SUNDAYS.hold(datetime.fromisoformat(moment)) is holds


def test_a_window_holds_from_its_beginning_until_before_its_end() -> None:
    begin = datetime(2026, 12, 1, 2, tzinfo=JAPAN)
    once = Once(begin, begin + timedelta(hours=1))

    assert [once.hold(begin + timedelta(minutes=minutes)) for minutes in (-1, 0, 59, 60)] == [False, True, True, False]


def test_a_window_is_about_its_rules_and_subjects() -> None:
    begin = datetime(2026, 12, 1, 2, tzinfo=JAPAN)
    once = Once(begin, begin + timedelta(hours=1))
    narrow = Maintenance(once, "why", rules=frozenset({"full"}), subjects=frozenset({"a"}))

    assert Maintenance(once, "why").covers("any", "any", now=begin)
    assert narrow.covers("full", "a", now=begin)
    assert not narrow.covers("full", "b", now=begin)
    assert not narrow.covers("slow", "a", now=begin)
