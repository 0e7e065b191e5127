"""How rules look at servers: one that is away says nothing, and keeps what was known of it."""

from collections.abc import Callable, Iterable, Iterator

from db.monitoring.snapshot import Server, Statistics
from jobs.alerts.rule import Reading
from jobs.monitoring.interval import Interval

MIB = 1024**2
GIB = 1024**3


def primary(interval: Interval) -> Statistics | None:
    """Return what the primary says of itself; None when none does."""
    leader = interval.now.primary
    return leader.statistics if leader else None


def each_server(
    servers: Iterable[Server], read: Callable[[Server, Statistics], Iterable[Reading]]
) -> Iterator[Reading]:
    """Read every server that answers; what is on the others cannot be told."""
    for server in servers:
        if server.statistics is None:
            yield Reading(server.name, None)
        else:
            yield from read(server, server.statistics)


def shortened(text: str, most: int = 200) -> str:
    """Return a statement on one line, as long as a person reads."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"
