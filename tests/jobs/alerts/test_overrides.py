"""The file of overrides: what it changes, and what of it is refused with its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.control import Severity
from jobs.alerts.overrides import OverridesError, load
from jobs.alerts.rulebook import Rulebook
from jobs.alerts.rules import RULES

EXAMPLE = Path(__file__).parents[3] / "docs" / "alert-rules.example.yaml"


def loaded(directory: Path, text: str) -> Rulebook:
    file = directory / "rules.yaml"
    file.write_text(text, "utf-8")
    return load(file, RULES)


def test_a_rule_is_changed_in_what_is_said_and_stays_in_the_rest(tmp_path: Path) -> None:
    text = "rules: {idle-in-transaction: {threshold: 5, for: 2m, severity: critical, enabled: true}}"
    rule = loaded(tmp_path, text).rule("idle-in-transaction")

    original = Rulebook().rule("idle-in-transaction")
    assert rule is not None
    assert original is not None
    assert (rule.threshold, rule.for_, rule.severity, rule.enabled) == (
        5,
        timedelta(minutes=2),
        Severity.CRITICAL,
        True,
    )
    assert (rule.title, rule.measure) == (original.title, original.measure)


def test_a_rule_can_be_turned_off(tmp_path: Path) -> None:
    book = loaded(tmp_path, "rules:\n  unused-index:\n    enabled: false\n")

    assert [rule.key for rule in book.rules if not rule.enabled] == ["unused-index"]
    assert len(book.rules) == len(RULES)


@pytest.mark.parametrize(
    ("text", "duration"),
    [("90s", timedelta(seconds=90)), ("0s", timedelta(0)), ("1h", timedelta(hours=1)), ("7d", timedelta(days=7))],
)
def test_durations_have_a_unit(tmp_path: Path, text: str, duration: timedelta) -> None:
    rule = loaded(tmp_path, f"rules: {{dead-rows: {{for: {text}}}}}").rule("dead-rows")

    assert rule is not None
    assert rule.for_ == duration


@pytest.mark.parametrize("text", ["", "# nothing\n", "rules: {}\nmaintenance: []\n"])
def test_a_file_may_say_nothing(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Rulebook(rules=list(RULES))


def test_windows_are_between_two_moments_or_every_week(tmp_path: Path) -> None:
    once, weekly, daily = loaded(
        tmp_path,
        """
maintenance:
  - {from: 2026-12-01T02:00+09:00, to: 2026-12-01T04:00:00+09:00, rules: [replica-down], reason: an upgrade}
  - {every: [Sunday], at: 02:00+09:00, for: 2h, subjects: [replica], reason: the weekly reboot}
  - {every: day, at: "23:30+00:00", for: 45m, reason: the nightly import}
""",
    ).maintenance

    assert once.covers("replica-down", "replica", now=datetime(2026, 11, 30, 18, tzinfo=UTC))
    assert not once.covers("primary-down", "database", now=datetime(2026, 11, 30, 18, tzinfo=UTC))
    assert weekly.covers("any", "replica", now=datetime(2026, 11, 28, 17, 30, tzinfo=UTC))
    assert not weekly.covers("any", "primary", now=datetime(2026, 11, 28, 17, 30, tzinfo=UTC))
    assert all(daily.covers("any", "any", now=datetime(2026, 11, day, 0, 10, tzinfo=UTC)) for day in range(1, 8))
    assert daily.reason == "the nightly import"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("rules:\n  nonsense: {threshold: 5}\n", 2, "There is no rule 'nonsense'"),
        ("rules:\n  dead-row: {threshold: 5}\n", 2, "Is dead-rows meant?"),
        ("rule: {}\n", 1, "rule: there is no such key"),
        ("rules:\n  dead-rows:\n    threshold: 5\n    fro: 2m\n", 4, "rules.dead-rows.fro: there is no such key"),
        ("rules:\n  dead-rows:\n    threshold: much\n", 3, "threshold"),
        ("rules:\n  dead-rows:\n    threshold: '5'\n", 3, "threshold"),
        ("rules:\n  dead-rows:\n    threshold: true\n", 3, "threshold"),
        ("rules:\n  dead-rows:\n    threshold: -1\n", 3, "greater than or equal to 0"),
        ("rules:\n  dead-rows:\n    threshold: .inf\n", 3, "threshold"),
        ("rules:\n  dead-rows:\n    threshold: .nan\n", 3, "threshold"),
        ("rules:\n  dead-rows:\n    for: 2\n", 3, "is written like 90s, 2m, 1h or 7d"),
        ("rules:\n  dead-rows:\n    for: 2 minutes\n", 3, "is written like"),
        ("rules:\n  dead-rows:\n    for: 91d\n", 3, "at most 90d"),
        ("rules:\n  dead-rows:\n    severity: bad\n", 3, "'INFO', 'WARNING' or 'CRITICAL'"),
        ("rules:\n  dead-rows:\n    enabled: maybe\n", 3, "enabled"),
        ("rules:\n  dead-rows: 5\n", 2, "rules.dead-rows"),
        ("rules: [dead-rows]\n", 1, "rules"),
        ("- rules\n", 1, "valid dictionary"),
        (
            "rules:\n  dead-rows: {threshold: 5}\n  dead-rows: {threshold: 6}\n",
            3,
            "is here twice; the first is on line 2",
        ),
        ("rules: {}\nrules: {}\n", 2, "is here twice"),
        ("rules:\n  dead-rows: &a {threshold: 5}\n  xid-age: *a\n", 2, "Aliases"),
        ("rules:\n  dead-rows: {threshold: 5\n", 3, "It is not YAML"),
        ("rules:\n\tdead-rows: 1\n", 2, "It is not YAML"),
        ("rules: " + "[" * 5000, None, "It is nested too deeply"),
        ("rules: !!python/object:os.system {}\n", 1, "The tag"),
        ("maintenance:\n  - {from: 2026-12-01T02:00+09:00, reason: x}\n", 2, "has either `from` and `to`, or"),
        ("maintenance:\n  - {every: day, at: 02:00+09:00, reason: x}\n", 2, "has either"),
        ("maintenance:\n  - {every: day, at: 02:00, for: 1h, reason: x}\n", 2, "needs an offset"),
        ("maintenance:\n  - {every: payday, at: 02:00+09:00, for: 1h, reason: x}\n", 2, "every"),
        ("maintenance:\n  - {every: day, at: 02:00+09:00, for: 7d, reason: x}\n", 2, "less than a week"),
        ("maintenance:\n  - {from: 2026-12-01T02:00, to: 2026-12-02T02:00, reason: x}\n", 2, "timezone"),
        (
            "maintenance:\n  - {from: 2026-12-02T02:00Z, to: 2026-12-01T02:00Z, reason: x}\n",
            2,
            "`to` comes after `from`",
        ),
        ("maintenance:\n  - {from: 2026-12-01T02:00Z, to: 2026-12-02T02:00Z}\n", 2, "reason"),
        (
            "maintenance:\n  - {from: 2026-12-01T02:00Z, to: 2026-12-02T02:00Z, reason: x,\n     rules: [dead-row]}\n",
            3,
            "Is dead-rows meant?",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, reason: str
) -> None:
    with pytest.raises(OverridesError) as refused:
        loaded(tmp_path, text)

    place = f"rules.yaml, line {line}: " if line else "rules.yaml: "
    assert place in refused.value.message
    assert reason in refused.value.message


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OverridesError, match="no such file"):
        load(tmp_path / "missing.yaml", RULES)
    (tmp_path / "binary.yaml").write_bytes(b"rules: {}\n\xff\xfe")
    with pytest.raises(OverridesError, match="line 2: It is not UTF-8"):
        load(tmp_path / "binary.yaml", RULES)
    (tmp_path / "large.yaml").write_bytes(b"#" * 300_000)
    with pytest.raises(OverridesError, match="larger than 256 KiB"):
        load(tmp_path / "large.yaml", RULES)


def test_the_example_is_understood() -> None:
    book = load(EXAMPLE, RULES)

    assert len(book.maintenance) == 2
    assert book.rules != list(RULES)
