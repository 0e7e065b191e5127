"""What is true of every rule."""

import math
import re
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.alerts.rule import Rule
from jobs.alerts.rules import RULES

PROMISED = frozenset(
    {
        "primary-down",
        "replica-down",
        "replication-lag",
        "replication-slot-inactive",
        "slow-query",
        "cache-hit-low",
        "cache-hit-critical",
        "table-bloat",
        "table-bloat-critical",
        "dead-rows",
        "unused-index",
        "missing-index",
        "duplicate-index",
        "invalid-index",
        "connections-high",
        "connections-exhausted",
        "pool-exhausted",
        "idle-in-transaction",
        "long-transaction",
        "lock-waits",
        "deadlocks",
        "rollback-ratio",
        "temp-files",
        "checkpoints-forced",
        "disk-space-low",
        "database-growth",
        "xid-age",
        "sequence-exhaustion",
        "baseline-regression",
        "baseline-stale",
        "backup-too-old",
        "backup-failed",
        "rpo-exceeded",
        "wal-archive-failing",
        "wal-gap",
        "restore-drill-overdue",
    }
)


def test_every_rule_that_was_promised_is_there_once() -> None:
    keys = [rule.key for rule in RULES]

    assert set(keys) >= PROMISED
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_every_rule_says_all_that_whoever_is_woken_needs(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.key)
    for sentence in (rule.description, rule.action, rule.source):
        assert len(sentence) > 10
        assert sentence[-1] in ".?"
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.unit
    assert math.isfinite(rule.threshold)
    assert rule.for_ >= timedelta(0)
    assert rule.enabled
    assert rule.explains <= {each.key for each in RULES} - {rule.key}


def test_every_rule_has_a_test_that_sees_it_fire_and_be_over() -> None:
    sources = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    shown = set(re.findall(r'eased\(\s*"([a-z-]+)"', sources))

    assert {rule.key for rule in RULES} - shown == set()


def test_what_explains_comes_before_what_it_explains() -> None:
    order = [rule.key for rule in RULES]

    for rule in RULES:
        for key in rule.explains:
            assert order.index(rule.key) < order.index(key)
