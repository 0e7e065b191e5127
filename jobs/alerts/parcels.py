"""What of the outbox goes into one message, and in which order messages go."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.control import AlertEventKind
from jobs.alerts.notice import Notice


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the outbox: its number, when it was put there, when it is due, and what it tells."""

    number: int
    created_at: datetime
    due_at: datetime
    attempts: int
    notice: Notice


@dataclass(slots=True)
class Parcel:
    """Items of one rule and kind that are told in one message."""

    items: list[Item] = field(default_factory=list[Item])

    @property
    def key(self) -> tuple[str, AlertEventKind]:
        return self.items[0].notice.rule_key, self.items[0].notice.kind

    @property
    def numbers(self) -> list[int]:
        return [item.number for item in self.items]

    @property
    def notices(self) -> list[Notice]:
        return [item.notice for item in self.items]

    @property
    def alerts(self) -> set[str]:
        return {item.notice.alert_id for item in self.items}

    @property
    def begun_at(self) -> datetime:
        return self.items[0].created_at

    @property
    def attempts(self) -> int:
        return max(item.attempts for item in self.items)

    def is_due(self, *, now: datetime, wait: timedelta) -> bool:
        """Return whether it may go: it waits for others to join it, and after a failure for its next attempt."""
        return now >= self.begun_at + wait and all(item.due_at <= now for item in self.items)


def parcels(items: Iterable[Item], *, wait: timedelta) -> list[Parcel]:
    """Put items, in the order of their events, into parcels: what happened within `wait` of the first goes with it.

    The same items always make the same parcels, so that what is sent again after
    a crash is the same message. No alert's item is in an earlier parcel than the
    alert's item before it.
    """
    made: list[Parcel] = []
    newest: dict[tuple[str, AlertEventKind], int] = {}
    last_of_alert: dict[str, int] = {}
    for item in items:
        key, alert = (item.notice.rule_key, item.notice.kind), item.notice.alert_id
        place = newest.get(key, -1)
        joins = place > last_of_alert.get(alert, -1) and item.created_at < made[place].begun_at + wait
        if not joins:
            place = newest[key] = len(made)
            made.append(Parcel())
        made[place].items.append(item)
        last_of_alert[alert] = place
    return made


def free(made: Iterable[Parcel]) -> Iterator[Parcel]:
    """Yield the parcels that need not wait for an earlier one about one of their alerts."""
    held: set[str] = set()
    for parcel in made:
        if not parcel.alerts & held:
            yield parcel
        held |= parcel.alerts
