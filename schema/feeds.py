"""What a process reads once for all who follow it."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from db import control
from db.control import Severity
from jobs.alerts.feed import Feed
from jobs.health import HealthFeed, Report
from jobs.site import Site
from schema.types.alerts import AlertEvent

MOST_KEPT = 256


class AlertEvents:
    """The alert feed in the shape of the API: one object an event, for all who get it."""

    def __init__(self, site: Site) -> None:
        self._feed = Feed(site.control)
        self._rulebook = site.rulebook
        self._kept: OrderedDict[int, AlertEvent] = OrderedDict()

    async def follow(self, after: str | None, severities: Collection[Severity]) -> AsyncGenerator[AlertEvent]:
        async with aclosing(self._feed.follow(after, severities)) as events:
            async for event in events:
                yield self._of(event)

    def _of(self, event: control.AlertEvent) -> AlertEvent:
        number = event.number or 0
        if number not in self._kept:
            self._kept[number] = AlertEvent.of(event, self._rulebook)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[number]


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of a process; `alerts` is None where it looks after no installation."""

    health: HealthFeed
    alerts: AlertEvents | None

    @classmethod
    def of(cls, examine: Callable[[], Awaitable[Report]], site: Site | None) -> Self:
        return cls(HealthFeed(examine), AlertEvents(site) if site else None)
