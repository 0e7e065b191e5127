from jobs.baselines.comparing import compared
from jobs.baselines.measured import Measured


def a(name: str, value: float, *, deviation: float = 0, samples: int = 20) -> Measured:
    return Measured(name=name, unit="", value=value, deviation=deviation, samples=samples)


def regressed(before: Measured, now: Measured) -> bool:
    (change,) = compared([before], [now])
    return change.regressed


def test_worse_by_ratio_and_floor_is_a_regression() -> None:
    assert regressed(a("statement-time 1", 10), a("statement-time 1", 40))


def test_worse_by_the_ratio_alone_is_none() -> None:
    assert not regressed(a("statement-time 1", 0.1), a("statement-time 1", 4))


def test_worse_by_the_floor_alone_is_none() -> None:
    assert not regressed(a("statement-time 1", 1000), a("statement-time 1", 1100))


def test_what_was_always_unsteady_has_to_become_worse_than_that() -> None:
    assert not regressed(a("statement-time 1", 10, deviation=10), a("statement-time 1", 40))
    assert regressed(a("statement-time 1", 10, deviation=10), a("statement-time 1", 90))


def test_where_more_is_better_less_is_a_regression() -> None:
    assert regressed(a("cache-hit-ratio", 0.99), a("cache-hit-ratio", 0.7))
    assert not regressed(a("cache-hit-ratio", 0.7), a("cache-hit-ratio", 0.99))


def test_a_fall_to_nothing_is_a_regression_where_more_is_better() -> None:
    assert regressed(a("cache-hit-ratio", 0.99), a("cache-hit-ratio", 0))


def test_a_rise_from_nothing_is_a_regression_without_a_percentage() -> None:
    (change,) = compared([a("replica-lag", 0)], [a("replica-lag", 60)])

    assert change.regressed
    assert change.percent is None
    assert change.ratio == 60


def test_more_work_and_more_data_are_no_regression() -> None:
    for name in ("transactions-per-second", "database-bytes", "table-bytes genzai"):
        assert not regressed(a(name, 1), a(name, 10**12))
        assert not regressed(a(name, 10**12), a(name, 1))


def test_too_few_samples_are_no_regression() -> None:
    assert not regressed(a("statement-time 1", 10, samples=2), a("statement-time 1", 400))
    assert not regressed(a("statement-time 1", 10), a("statement-time 1", 400, samples=2))


def test_what_is_in_one_alone_is_left_out() -> None:
    assert compared([a("statement-time 1", 1)], [a("statement-time 2", 1)]) == []


def test_a_metric_of_another_version_is_shown_and_not_judged() -> None:
    (change,) = compared([a("moon-phase", 1)], [a("moon-phase", 400)])

    assert (change.regressed, change.percent) == (False, 39900)


def test_the_worst_comes_first() -> None:
    before = [a("primary-latency", 1), a("statement-time 1", 10), a("statement-time 2", 10)]
    now = [a("primary-latency", 1), a("statement-time 1", 30), a("statement-time 2", 300)]

    assert [change.name for change in compared(before, now)] == [
        "statement-time 2",
        "statement-time 1",
        "primary-latency",
    ]
