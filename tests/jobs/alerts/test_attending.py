"""What people do about alerts."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from db.control import Alert, audit
from db.errors import BadInputError, NotFoundError
from jobs.alerts import attending, silencing
from jobs.alerts.attending import AlreadyAcknowledgedError, NotFiringError
from tests.jobs.alerts.world import Named, World

HOUR = timedelta(hours=1)


async def firing(world: World) -> Alert:
    """Let one alert fire, and the site's clock say what time it is in the world."""
    world.site = replace(world.site, clock=lambda: world.now)
    world.watched_by(world.rule("full"), world.rule("slow", for_=HOUR), repeat=HOUR)
    await world.tick(full={"a": 11})
    return await world.the_alert()


async def silence(world: World, subject: str | None = None, *, until: datetime | None = None, **given: str) -> str:
    made = await silencing.silence(
        world.site,
        rule_key=given.get("rule_key", "full"),
        subject=subject,
        until=until or world.now + HOUR,
        reason=given.get("reason", "known"),
        by="aiko",
    )
    return made.id


async def test_what_somebody_has_seen_is_not_repeated(world: World) -> None:
    alert = await firing(world)
    world.told_to(Named("log"))

    seen = await attending.acknowledge(world.site, alert.id, by="aiko")

    assert (seen.acknowledged_by, seen.acknowledged_at) == ("aiko", world.now)
    assert await world.tick(5 * HOUR) == []
    assert await world.tick(full={}) == []
    assert await world.tick() == ["RESOLVED full a"]


async def test_second_person_is_told_who_was_first(world: World) -> None:
    alert = await firing(world)
    await attending.acknowledge(world.site, alert.id, by="aiko")

    with pytest.raises(AlreadyAcknowledgedError, match="aiko"):
        await attending.acknowledge(world.site, alert.id, by="ken")

    async with world.site.control.reading() as session:
        entries = await audit.newest(session, limit=5)
    assert [(entry.who, entry.action, entry.result) for entry in entries] == [
        ("ken", "acknowledge-alert", "refused"),
        ("aiko", "acknowledge-alert", "succeeded"),
    ]


async def test_an_acknowledgement_is_told_where_the_alert_was(world: World) -> None:
    world.told_to(Named("pagerduty"))
    alert = await firing(world)
    world.told_to()

    await attending.acknowledge(world.site, alert.id, by="aiko")

    assert await world.outbox() == [("pagerduty", "FIRED full a"), ("pagerduty", "ACKNOWLEDGED full a")]


async def test_only_what_fires_can_be_acknowledged(world: World) -> None:
    alert = await firing(world)
    await world.tick(full={}, slow={"b": 11})
    await world.tick()
    pending = next(each for each in await world.alerts() if each.rule_key == "slow")

    with pytest.raises(NotFiringError, match="over"):
        await attending.acknowledge(world.site, alert.id, by="aiko")
    with pytest.raises(NotFiringError, match="not fire yet"):
        await attending.acknowledge(world.site, pending.id, by="aiko")
    with pytest.raises(NotFoundError):
        await attending.acknowledge(world.site, "nothing", by="aiko")


async def test_a_silence_mutes_what_fires_and_what_will_until_it_ends(world: World) -> None:
    await firing(world)

    await silence(world)

    assert [event.kind for event in await world.events()][-1] == "SILENCED"
    assert await world.tick(full={"a": 11, "b": 11}) == []
    assert await world.tick(HOUR) == ["REPEATED full a", "FIRED full b"]


async def test_the_end_of_an_alert_is_told_in_a_silence_too(world: World) -> None:
    await firing(world)
    await silence(world)
    await world.tick(full={})

    assert await world.tick() == ["RESOLVED full a"]


async def test_a_silence_may_be_about_one_subject(world: World) -> None:
    await firing(world)

    await silence(world, "b")

    assert await world.tick(full={"a": 11, "b": 11, "c": 11}) == ["FIRED full c"]


async def test_a_silence_can_be_ended_early(world: World) -> None:
    await firing(world)
    made = await silence(world, "b")
    await world.tick(full={"a": 11, "b": 11})

    ended = await silencing.end(world.site, made, by="ken")

    assert ended.until == world.now
    assert await silencing.active(world.site) == []
    assert await world.tick() == ["FIRED full b"]
    with pytest.raises(NotFoundError):
        await silencing.end(world.site, "nothing", by="ken")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"rule_key": "nonsense"}, "no alert rule 'nonsense'"),
        ({"subject": ""}, "1 to 500"),
        ({"subject": "x" * 501}, "1 to 500"),
        ({"reason": " "}, "1 to 1,000"),
        ({"reason": "x" * 1001}, "1 to 1,000"),
        ({"until": timedelta(0)}, "has passed"),
        ({"until": timedelta(days=91)}, "90 days"),
    ],
)
async def test_a_silence_that_cannot_be_meant_is_refused(world: World, given: dict[str, object], reason: str) -> None:
    await firing(world)
    if isinstance(after := given.get("until"), timedelta):
        given["until"] = world.now + after

    with pytest.raises(BadInputError, match=reason):
        await silence(world, **given)  # pyright: ignore[reportArgumentType] - as the parameters say

    assert await silencing.active(world.site) == []


async def test_there_are_so_many_silences_and_no_more(world: World) -> None:
    await firing(world)
    for _ in range(silencing.MOST):
        await silence(world)

    with pytest.raises(BadInputError, match="as many as there may be"):
        await silence(world)
