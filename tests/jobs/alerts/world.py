"""A world whose state tests set, the rules that watch it, and ticks at which they do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlmodel import select

from db.control import Alert, AlertEvent, AlertEventKind, Delivery, Severity, alerts
from db.monitoring.snapshot import Snapshot
from jobs.alerts.alerting import Alerting
from jobs.alerts.evaluation import evaluate
from jobs.alerts.rule import Reading, Rule
from jobs.alerts.rulebook import Rulebook
from jobs.monitoring.interval import Interval
from jobs.site import Site

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
TICK = timedelta(seconds=15)


def snapshot(at: datetime) -> Snapshot:
    return Snapshot(taken_at=at, servers=(), pools=(), disks=(), backups=None, baselines=None)


@dataclass
class World:
    """What rules measure, by rule and subject; a rule that is not here has no data, and one that is None fails."""

    site: Site
    values: dict[str, dict[str, float | None] | None] = field(default_factory=dict)
    now: datetime = START

    def rule(self, key: str, **fields: object) -> Rule:
        def measure(_: Interval) -> Iterator[Reading] | None:
            return None if key not in self.values else self._readings(key)

        rule = Rule(
            key=key,
            title=key,
            description="A rule of the tests.",
            severity=Severity.WARNING,
            threshold=10,
            unit="things",
            for_=timedelta(0),
            action="Nothing.",
            source="The tests.",
            measure=measure,
        )
        return replace(rule, **fields)  # pyright: ignore[reportArgumentType] - fields of a rule

    def watched_by(self, *rules: Rule, **options: object) -> None:
        self.site = replace(self.site, rulebook=Rulebook(rules=rules, **options))  # pyright: ignore[reportArgumentType]

    def told_to(self, *channels: "Named") -> None:
        self.site = replace(self.site, alerting=Alerting(told=channels))  # pyright: ignore[reportArgumentType] - only their names matter

    async def tick(self, after: timedelta = TICK, **values: dict[str, float | None] | None) -> list[str]:
        """Let time pass and the rules look; return what was told, as 'FIRED rule subject'."""
        self.values.update({key.replace("_", "-"): value for key, value in values.items()})
        told = len(await self.events())
        earlier, self.now = self.now, self.now + after
        await evaluate(self.site, Interval(snapshot(self.now), snapshot(earlier)))
        return [describe(event) for event in (await self.events())[told:]]

    async def events(self) -> Sequence[AlertEvent]:
        async with self.site.control.reading() as session:
            return await alerts.events_after(session, 0, limit=10_000)

    async def alerts(self) -> Sequence[Alert]:
        async with self.site.control.reading() as session:
            return await alerts.newest(session, alerts.Wanted(), limit=1000)

    async def the_alert(self) -> Alert:
        (only,) = await self.alerts()
        return only

    async def outbox(self) -> list[tuple[str, str]]:
        """Return channel and event of what is to be delivered."""
        events = {event.number: describe(event) for event in await self.events()}
        async with self.site.control.reading() as session:
            rows = (await session.exec(select(Delivery).order_by(Delivery.number))).all()  # pyright: ignore[reportArgumentType]
        return [(row.channel, events[row.event_number]) for row in rows]

    def _readings(self, key: str) -> Iterator[Reading]:
        values = self.values[key]
        assert values is not None, "this rule was to fail"
        for subject, value in values.items():
            yield Reading(subject, value, f"{subject} has {value}")


@dataclass(frozen=True)
class Named:
    """A channel that nobody sends through."""

    name: str


def describe(event: AlertEvent) -> str:
    return f"{AlertEventKind(event.kind)} {event.alert['rule_key']} {event.alert['subject']}"
