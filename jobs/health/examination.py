"""Measures one node, in bounded time, and how far it is behind."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.engines import EngineRole, Engines, Node
from db.errors import DatabaseUnavailableError
from db.health.measures import Measures, measure
from jobs.health import lag

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
    primary = engines.primary
    if node is primary or measures is None or node.role is EngineRole.PRIMARY:
        return Examination(node, node is primary, measures, None, None)
    known = None if primary is None or primary.standing.in_doubt else primary.standing.observation
    seen = node.standing.observation
    if seen is None or measures.replayed is None:
        return Examination(node, leads=False, measures=measures, lag_seconds=None, lag_bytes=None)
    behind = lag.bytes_behind(known, seen, replayed=measures.replayed)
    seconds = lag.seconds_behind(known, seen, behind=behind, now=now)
    return Examination(node, leads=False, measures=measures, lag_seconds=seconds, lag_bytes=behind)
