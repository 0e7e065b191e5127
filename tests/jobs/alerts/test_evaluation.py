"""How alerts come, stay and go, and what is told of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.control import AlertState, Severity
from jobs.alerts.maintenance import Maintenance, Once
from jobs.alerts.rule import DATABASE
from tests.jobs.alerts.world import TICK, Named, World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def test_a_condition_fires_once_and_is_over_after_two_ticks_without_it(world: World) -> None:
    world.watched_by(world.rule("full"))

    assert await world.tick(full={"a": 11}) == ["FIRED full a"]
    assert await world.tick(full={"a": 12}) == []
    assert await world.tick(full={"a": 9}) == []
    assert await world.tick(full={"a": 9}) == ["RESOLVED full a"]
    assert await world.tick(full={"a": 9}) == []
    alert = await world.the_alert()
    assert (alert.state, alert.value) == (AlertState.RESOLVED, 12)


async def test_a_condition_has_to_hold_for_as_long_as_its_rule_says(world: World) -> None:
    world.watched_by(world.rule("full", for_=MINUTE))

    told = [await world.tick(full={"a": 11}) for _ in range(5)]

    assert told == [[], [], [], [], ["FIRED full a"]]
    alert = await world.the_alert()
    assert alert.fired_at == alert.started_at + MINUTE


async def test_what_ends_before_it_fires_leaves_nothing(world: World) -> None:
    world.watched_by(world.rule("full", for_=MINUTE))
    await world.tick(full={"a": 11})
    assert (await world.the_alert()).state is AlertState.PENDING

    assert await world.tick(full={"a": 9}) == []

    assert await world.alerts() == []


async def test_flapping_is_told_once(world: World) -> None:
    world.watched_by(world.rule("full"))

    told = [line for value in [11, 9, 11, 9, 11, 9, 9] for line in await world.tick(full={"a": value})]

    assert told == ["FIRED full a", "RESOLVED full a"]


@pytest.mark.parametrize("silent", ["no data", "failure"])
async def test_without_data_nothing_fires_and_nothing_is_over(world: World, silent: str) -> None:
    world.watched_by(world.rule("full"), world.rule("slow", for_=TICK))
    await world.tick(full={"a": 11}, slow={"a": 11})

    world.values = {} if silent == "no data" else {"full": None, "slow": None}
    told = [await world.tick() for _ in range(4)]

    assert told == [[]] * 4
    assert {alert.rule_key: alert.state for alert in await world.alerts()} == {
        "full": AlertState.FIRING,
        "slow": AlertState.PENDING,
    }


async def test_a_rule_that_fails_does_not_keep_the_others_from_firing(world: World) -> None:
    world.watched_by(world.rule("broken"), world.rule("full"))

    assert await world.tick(broken=None, full={"a": 11}) == ["FIRED full a"]


async def test_a_server_that_is_away_keeps_what_is_known_of_it(world: World) -> None:
    world.watched_by(world.rule("full"))
    await world.tick(full={"one": 11, "one: query 7": 11, "one-more": 11})

    told = [await world.tick(full={"one": None}) for _ in range(2)]

    assert [line for tick in told for line in tick] == ["RESOLVED full one-more"]


async def test_a_subject_that_is_gone_is_over(world: World) -> None:
    world.watched_by(world.rule("full"))
    await world.tick(full={"a": 11, "b": 11})

    told = [await world.tick(full={"b": 11}) for _ in range(2)]

    assert told == [[], ["RESOLVED full a"]]


async def test_a_threshold_may_be_a_least(world: World) -> None:
    world.watched_by(world.rule("room", below=True))

    assert await world.tick(room={"disk": 10}) == []
    assert await world.tick(room={"disk": 9.9}) == ["FIRED room disk"]


async def test_of_two_readings_of_a_subject_the_worse_counts(world: World) -> None:
    rule = world.rule("full")
    measured = rule.measure

    def twice(interval: object) -> object:
        readings = list(measured(interval) or ())  # pyright: ignore[reportArgumentType]
        return [replace(readings[0], value=30.0), *readings]

    world.watched_by(replace(rule, measure=twice))  # pyright: ignore[reportArgumentType]

    await world.tick(full={"a": 11})

    assert (await world.the_alert()).value == 30


async def test_what_a_dead_primary_explains_is_not_told(world: World) -> None:
    world.watched_by(world.rule("dead", explains=frozenset({"late"})), world.rule("late"))

    assert await world.tick(dead={DATABASE: 11}, late={"replica": 11}) == [f"FIRED dead {DATABASE}"]
    late = next(alert for alert in await world.alerts() if alert.rule_key == "late")
    assert (late.state, late.muted_by) == (AlertState.FIRING, "dead")
    assert await world.tick(dead={}, late={"replica": 11}) == []
    assert await world.tick(dead={}, late={"replica": 11}) == [f"RESOLVED dead {DATABASE}", "FIRED late replica"]


async def test_what_ends_with_what_explains_it_was_never_told(world: World) -> None:
    world.watched_by(world.rule("dead", explains=frozenset({"late"})), world.rule("late"))
    await world.tick(dead={DATABASE: 11}, late={"replica": 11})

    told = [await world.tick(dead={}, late={}) for _ in range(3)]

    assert told == [[], [f"RESOLVED dead {DATABASE}"], []]
    assert {alert.state for alert in await world.alerts()} == {AlertState.RESOLVED}


async def test_what_will_be_explained_waits_for_its_explanation_to_fire(world: World) -> None:
    world.watched_by(world.rule("dead", explains=frozenset({"late"}), for_=MINUTE), world.rule("late"))

    told = [line for _ in range(5) for line in await world.tick(dead={DATABASE: 11}, late={"replica": 11})]

    assert told == [f"FIRED dead {DATABASE}"]


async def test_one_subject_s_alert_explains_that_of_the_same_subject_alone(world: World) -> None:
    world.watched_by(world.rule("gone", explains=frozenset({"late"})), world.rule("late"))

    told = await world.tick(gone={"one": 11}, late={"one": 11, "one: query": 11, "two": 11})

    assert told == ["FIRED gone one", "FIRED late two"]


async def test_it_is_told_again_until_somebody_has_seen_it(world: World) -> None:
    world.watched_by(world.rule("full"), repeat=HOUR)
    await world.tick(full={"a": 11})

    assert await world.tick(HOUR - TICK) == []
    assert await world.tick() == ["REPEATED full a"]
    assert await world.tick() == []
    assert await world.tick(HOUR) == ["REPEATED full a"]


async def test_it_is_not_told_again_while_nothing_is_known(world: World) -> None:
    world.watched_by(world.rule("full"), repeat=HOUR)
    await world.tick(full={"a": 11})
    world.values = {}

    assert await world.tick(2 * HOUR) == []


async def test_a_change_of_a_rule_applies_to_what_is_open(world: World) -> None:
    rule = world.rule("full")
    world.watched_by(rule)
    await world.tick(full={"a": 11})

    world.watched_by(replace(rule, severity=Severity.CRITICAL, threshold=5))
    await world.tick()
    alert = await world.the_alert()
    assert (alert.severity, alert.threshold) == (Severity.CRITICAL, 5)

    world.watched_by(replace(rule, threshold=50))
    assert [await world.tick(), await world.tick()] == [[], ["RESOLVED full a"]]


async def test_a_rule_that_is_turned_off_or_gone_ends_its_alerts(world: World) -> None:
    off, gone, pending = world.rule("off"), world.rule("gone"), world.rule("pending", for_=HOUR)
    world.watched_by(off, gone, pending)
    await world.tick(off={"a": 11}, gone={"a": 11}, pending={"a": 11})

    world.watched_by(replace(off, enabled=False))

    assert sorted(await world.tick()) == ["RESOLVED gone a", "RESOLVED off a"]
    assert {alert.state for alert in await world.alerts()} == {AlertState.RESOLVED}


async def test_nobody_is_told_during_maintenance_and_all_is_told_after_it(world: World) -> None:
    window = Maintenance(Once(world.now, world.now + MINUTE), "an upgrade", rules=frozenset({"full"}))
    world.watched_by(world.rule("full"), world.rule("slow"), maintenance=(window,))

    told = [await world.tick(full={"a": 11}, slow={"a": 11}) for _ in range(4)]

    assert told == [["FIRED slow a"], [], [], ["FIRED full a"]]


async def test_every_channel_gets_every_event_in_the_outbox(world: World) -> None:
    world.watched_by(world.rule("full"), repeat=MINUTE)
    world.told_to(Named("log"), Named("email"))

    await world.tick(full={"a": 11})
    await world.tick(MINUTE)
    await world.tick(full={})
    await world.tick()

    kinds = ("FIRED full a", "REPEATED full a", "RESOLVED full a")
    assert sorted(await world.outbox()) == sorted((channel, kind) for kind in kinds for channel in ("log", "email"))


async def test_the_end_is_told_where_the_beginning_was(world: World) -> None:
    world.watched_by(world.rule("full"))
    world.told_to(Named("log"))
    await world.tick(full={"a": 11})

    world.told_to(Named("email"))
    await world.tick(full={})
    await world.tick()

    assert await world.outbox() == [("log", "FIRED full a"), ("log", "RESOLVED full a")]


async def test_looking_twice_at_the_same_tick_tells_nothing_twice(world: World) -> None:
    world.watched_by(world.rule("full"))
    await world.tick(full={"a": 11})

    assert await world.tick(timedelta(0)) == []
    assert await world.tick(full={}) == []
    assert await world.tick(timedelta(0)) == []


async def test_a_condition_that_nobody_watched_meanwhile_begins_anew(world: World) -> None:
    world.watched_by(world.rule("full", for_=HOUR))
    await world.tick(full={"a": 11})

    assert await world.tick(2 * HOUR) == []
    assert (await world.the_alert()).started_at == world.now


async def test_one_rule_has_so_many_alerts_and_no_more(world: World) -> None:
    world.watched_by(world.rule("full"))

    told = await world.tick(full={f"table{number}": 11 for number in range(150)})

    assert len(told) == 100


async def test_what_was_over_ninety_days_ago_is_forgotten(world: World) -> None:
    world.watched_by(world.rule("full"))
    await world.tick(full={"a": 11})
    await world.tick(full={})
    await world.tick()
    await world.tick(full={"b": 11})

    await world.tick(timedelta(days=91))

    assert [alert.subject for alert in await world.alerts()] == ["b"]
    assert [event.alert["subject"] for event in await world.events()] == ["b"]  # the one that repeats it
