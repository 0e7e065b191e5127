import re
from datetime import UTC, datetime, timedelta

import pytest

from db.control import AlertEventKind, Severity
from jobs.alerts.rules import RULES
from jobs.alerts.wording import Language, Wording
from jobs.alerts.wording.amounts import amount
from jobs.alerts.wording.wording import catalogue, one_line
from tests.jobs.alerts.test_mail import a_notice

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
EN, JA = Wording(Language.ENGLISH), Wording(Language.JAPANESE)


@pytest.mark.parametrize("key", [rule.key for rule in RULES])
def test_every_rule_has_its_words_in_japanese(key: str) -> None:
    words = catalogue(Language.JAPANESE)["rules"][key]

    assert set(words) == {"title", "action"}
    assert JAPANESE.search(words["title"])
    assert JAPANESE.search(words["action"])
    # It is the same advice: what is to be typed is named in both.
    action = next(rule.action for rule in RULES if rule.key == key)
    assert set(re.findall(r"`(.+?)`", words["action"])) == set(re.findall(r"`(.+?)`", action))


def test_no_rule_that_is_gone_has_words() -> None:
    assert set(catalogue(Language.JAPANESE)["rules"]) == {rule.key for rule in RULES} | {"test"}


def test_every_unit_has_its_word_in_japanese() -> None:
    assert {rule.unit for rule in RULES} <= set(catalogue(Language.JAPANESE)["units"])


def test_both_languages_say_the_same_things() -> None:
    english, japanese = catalogue(Language.ENGLISH), catalogue(Language.JAPANESE)

    assert set(english) == set(japanese)
    for part in ("kinds", "marks", "severities", "labels", "spans"):
        assert set(english[part]) == set(japanese[part])
    assert set(english["kinds"]) == {kind.value for kind in AlertEventKind}
    assert set(english["severities"]) == {severity.value for severity in Severity}


@pytest.mark.parametrize("kind", AlertEventKind)
@pytest.mark.parametrize("wording", [EN, JA])
def test_each_event_has_a_headline_of_its_own(kind: AlertEventKind, wording: Wording) -> None:
    headline = wording.headline([a_notice(kind, acknowledged_by="aiko")])

    others = [wording.headline([a_notice(other)]) for other in AlertEventKind if other is not kind]
    assert headline.startswith("[")
    assert headline not in others


def test_a_headline_about_many_names_some_and_counts_the_rest() -> None:
    many = [a_notice(subject=f"public.t{number}") for number in range(7)]

    assert EN.headline(many) == "[CRITICAL] The primary is down (public.t0, public.t1, public.t2, and 4 more)"
    assert JA.headline(many).endswith("(public.t0, public.t1, public.t2, ほか 4 件)")


def test_the_worst_of_many_is_what_a_headline_says() -> None:
    notices = [a_notice(severity=Severity.INFO), a_notice(severity=Severity.CRITICAL)]

    assert EN.headline(notices).startswith("[CRITICAL]")


def test_a_moment_is_said_with_its_offset() -> None:
    moment = datetime(2026, 11, 22, 20, 4, 5, tzinfo=UTC)

    assert EN.moment(moment) == "2026-11-22 20:04:05 (UTC+00:00)"
    assert JA.moment(moment) == "2026年11月23日 05:04:05（日本時間、UTC+09:00）"


@pytest.mark.parametrize(
    ("span", "english", "japanese"),
    [
        (timedelta(0), "0 s", "0秒"),
        (timedelta(seconds=75), "1 min 15 s", "1分 15秒"),
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h", "2日 3時間"),
        (timedelta(seconds=-5), "0 s", "0秒"),
    ],
)
def test_a_span_is_said_in_two_units(span: timedelta, english: str, japanese: str) -> None:
    assert (EN.span(span), JA.span(span)) == (english, japanese)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1_500_000_000, "transactions", "1,500,000,000 transactions"),
        (97.25, "percent", "97.2 %"),
        (0.004321, "seconds", "0.00432 seconds"),
        (1536, "bytes", "1.5 KiB"),
        (123.456, "ms", "123.5 ms"),
        (0, "gaps", "0 gaps"),
    ],
)
def test_an_amount_is_said_as_people_read_it(value: float, unit: str, said: str) -> None:
    assert amount(value, unit, "%" if unit == "percent" else unit) == said


@pytest.mark.parametrize("hostile", ["a\r\nb", "a\u2028b", "a\x00\x1b[31mb", "a\x85b"])
def test_a_line_is_one_line(hostile: str) -> None:
    line = one_line(hostile)

    assert line.startswith("a ")
    assert line.isprintable()


def test_a_line_is_no_longer_than_a_line() -> None:
    assert len(one_line("x" * 10_000)) == 150
