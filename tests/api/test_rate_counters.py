from limits import parse
from limits.strategies import SlidingWindowCounterRateLimiter

from api.rate_counters import RateCounters

TEN = parse("10/minute")


class Clock:
    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def limiter(clock: Clock, **options: int) -> tuple[SlidingWindowCounterRateLimiter, RateCounters]:
    counters = RateCounters(clock=clock, **options)
    return SlidingWindowCounterRateLimiter(counters), counters


def test_as_much_as_the_rate_says_is_taken_and_no_more() -> None:
    taking, _ = limiter(Clock())

    assert [taking.hit(TEN, "aiko", cost=4) for _ in range(3)] == [True, True, False]
    assert taking.get_window_stats(TEN, "aiko").remaining == 2
    assert taking.hit(TEN, "aiko", cost=2)


def test_who_was_refused_was_not_charged() -> None:
    taking, _ = limiter(Clock())

    assert not taking.hit(TEN, "aiko", cost=11)
    assert taking.get_window_stats(TEN, "aiko").remaining == 10


def test_the_window_slides() -> None:
    clock = Clock()
    taking, _ = limiter(clock)
    taking.hit(TEN, "aiko", cost=10)

    remaining: list[int] = []
    for _ in range(5):
        remaining.append(taking.get_window_stats(TEN, "aiko").remaining)
        clock.now += 30

    assert remaining == [0, 0, 0, 5, 10]


def test_each_has_a_rate_of_its_own() -> None:
    taking, _ = limiter(Clock())
    taking.hit(TEN, "aiko", cost=10)

    assert taking.hit(TEN, "ken", cost=10)


def test_those_who_were_away_longest_make_room() -> None:
    taking, counters = limiter(Clock(), most_keys=3)
    for name in ("a", "b", "c", "a", "d"):
        taking.hit(TEN, name, cost=5)

    assert len(counters) == 3
    assert taking.get_window_stats(TEN, "a").remaining == 0
    assert taking.get_window_stats(TEN, "b").remaining == 10
