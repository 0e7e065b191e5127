from datetime import UTC, datetime, timedelta

from jobs.accounts.throttle import MOST_REMEMBERED, WITH_ADDRESS, WITH_PAIR, Throttle, network_of

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def fail(throttle: Throttle, times: int, *, name: str = "aiko", address: str = "192.0.2.1") -> list[int]:
    """Fail as soon as may be, and return the seconds that had to be waited before each attempt."""
    now, waits = NOW, []
    for _ in range(times):
        seconds = throttle.begin(name, address, known=False, now=now)
        waits.append(seconds)
        if seconds:
            now += timedelta(seconds=seconds)
            assert throttle.begin(name, address, known=False, now=now) == 0
    return waits


def test_the_wait_doubles_from_a_second_up_to_a_quarter_of_an_hour() -> None:
    waits = fail(Throttle(), WITH_PAIR.free + 12)

    assert waits[: WITH_PAIR.free] == [0] * WITH_PAIR.free
    assert waits[WITH_PAIR.free :] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_one_address_at_many_names_has_to_wait_too() -> None:
    throttle = Throttle()
    for number in range(WITH_ADDRESS.free):
        assert throttle.begin(f"name{number}", "192.0.2.1", known=False, now=NOW) == 0

    assert throttle.begin("another", "192.0.2.1", known=False, now=NOW) == 1
    assert throttle.begin("another", "192.0.2.2", known=False, now=NOW) == 0


def test_who_has_signed_in_from_an_address_is_not_kept_out_by_others_there() -> None:
    throttle = Throttle()
    for number in range(WITH_ADDRESS.free):
        throttle.begin(f"name{number}", "192.0.2.1", known=False, now=NOW)

    assert throttle.begin("aiko", "192.0.2.1", known=True, now=NOW) == 0


def test_a_success_is_not_the_way_to_more_attempts_at_other_names() -> None:
    throttle = Throttle()
    for number in range(WITH_ADDRESS.free):
        assert throttle.begin(f"name{number}", "192.0.2.1", known=False, now=NOW) == 0
        if throttle.begin("own", "192.0.2.1", known=True, now=NOW) == 0:
            throttle.succeeded("own", "192.0.2.1")

    assert throttle.begin("another", "192.0.2.1", known=False, now=NOW) > 0


def test_failures_of_long_ago_are_forgotten() -> None:
    throttle = Throttle()
    fail(throttle, WITH_PAIR.free)

    assert throttle.begin("aiko", "192.0.2.1", known=False, now=NOW + timedelta(hours=2)) == 0


def test_memory_is_bounded_whoever_tries_whatever() -> None:
    bounded = Throttle()
    for number in range(MOST_REMEMBERED + 100):
        bounded.begin(
            f"name{number}", f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", known=False, now=NOW
        )

    assert len(bounded) == MOST_REMEMBERED


def test_addresses_of_one_customer_are_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("unknown") == "unknown"
