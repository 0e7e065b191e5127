"""Measures one node, in bounded time, and how far it is behind."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.engines import EngineRole, Engines, Node
from db.errors import DatabaseUnavailableError
from db.health.measures import Measures, measure

PATIENCE: Final = timedelta(milliseconds=800)


@dataclass(frozen=True, slots=True)
class Examination:
    """A node with what was measured of it; None when it does not answer."""

    node: Node
    leads: bool
    measures: Measures | None
    lag_seconds: float | None
    lag_bytes: int | None


async def examine(engines: Engines, *, now: datetime) -> list[Examination]:
    """Look at every node anew: at all of them first, so that replicas are compared with a primary seen before."""
    await engines.recheck()
    measured = await asyncio.gather(*(_measure(node) for node in engines.nodes))
    return [_examination(engines, node, measures, now) for node, measures in zip(engines.nodes, measured, strict=True)]


async def _measure(node: Node) -> Measures | None:
    if node.standing.in_doubt:
        return None
    try:
        return await node.ask(measure, within=PATIENCE)
    except DatabaseUnavailableError:
        return None


def _examination(engines: Engines, node: Node, measures: Measures | None, now: datetime) -> Examination:
    leads = node is engines.primary
    if leads or measures is None or node.role is EngineRole.PRIMARY:
        return Examination(node, leads, measures, None, None)
    behind = _bytes_behind(engines.primary, node, measures)
    return Examination(node, leads, measures, _seconds_behind(engines.primary, node, behind, now), behind)


def _bytes_behind(primary: Node | None, node: Node, measures: Measures) -> int | None:
    """Return what is left to replay: of all that the primary has, or of what was received when there is none."""
    seen = node.standing.observation
    if measures.replayed is None or seen is None:
        return None
    if primary is not None and primary.standing.observation is not None:
        return max(0, primary.standing.observation.lsn - measures.replayed)
    received = 0 if seen.received is None else seen.received - measures.replayed
    return received if received > 0 else None


def _seconds_behind(primary: Node | None, node: Node, behind: int | None, now: datetime) -> float | None:
    """Return the lag by heartbeat; a replica that receives nothing is as late as its heartbeat is old."""
    seen = node.standing.observation
    if seen is None or seen.beat_at is None:
        return None
    if primary is None or primary.standing.observation is None or not seen.streaming:
        return max(0.001, (now - seen.beat_at).total_seconds())
    if behind == 0:
        return 0.0
    return node.standing.lag_behind(primary.standing).total_seconds()
