"""Measures one node, in bounded time, and how far it is behind."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.engines import EngineRole, Engines, Node, Standing
from db.errors import DatabaseUnavailableError
from db.health.measures import Measures, measure

PATIENCE: Final = timedelta(milliseconds=800)
LEAST_SECONDS: Final = 0.001  # of a replica that receives nothing, which is never up to date


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
    known = None if primary is None or primary.standing.in_doubt else primary.standing
    behind = _bytes_behind(known, node.standing, measures)
    seconds = _seconds_behind(known, node.standing, behind, now)
    return Examination(node, leads=False, measures=measures, lag_seconds=seconds, lag_bytes=behind)


def _bytes_behind(primary: Standing | None, replica: Standing, measures: Measures) -> int | None:
    """Return what is left to replay: of all that the primary has, or of what was received when there is none."""
    if measures.replayed is None or replica.observation is None:
        return None
    if primary is not None and primary.observation is not None:
        return max(0, primary.observation.lsn - measures.replayed)
    received = (replica.observation.received or 0) - measures.replayed
    return received if received > 0 else None


def _seconds_behind(primary: Standing | None, replica: Standing, behind: int | None, now: datetime) -> float | None:
    """Return the lag by heartbeat; a replica that receives nothing is as late as its heartbeat is old."""
    seen = replica.observation
    if seen is None or seen.beat_at is None:
        return None
    if primary is None or not seen.streaming:
        return max(LEAST_SECONDS, (now - seen.beat_at).total_seconds())
    if behind == 0:
        return 0.0
    return replica.lag_behind(primary).total_seconds()
