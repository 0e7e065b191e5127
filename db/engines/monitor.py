"""Looks at every node about once a second, and at once when somebody saw it fail."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import structlog

from db.cancelling import heed
from db.engines import failures, standing
from db.engines.node import Node
from db.engines.observation import Observation, observe
from db.engines.options import EngineOptions

T = TypeVar("T")

log = structlog.get_logger(__name__)

SLICES = 10


class Monitor:
    def __init__(self, nodes: Sequence[Node], options: EngineOptions) -> None:
        self.leader: Node | None = None
        self.replicas: tuple[Node, ...] = ()
        self._nodes = nodes
        self._options = options
        self._alarms = {node: asyncio.Event() for node in nodes}
        self._recheck: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        """Watch all nodes until cancelled."""
        async with asyncio.TaskGroup() as watches:
            for node in self._nodes:
                watches.create_task(self._watch(node))

    async def recheck(self) -> None:
        """Look at all nodes now, together with everybody who wants the same; bounded by the time of one probe."""
        if self._recheck is None:
            self._recheck = asyncio.create_task(self._look_at_all())
        await asyncio.shield(self._recheck)

    def suspect(self, node: Node, failure: failures.NodeFailedError) -> None:
        """Look at a node anew, on a new connection; leave it alone until then if a connection to it broke."""
        if not node.standing.reachable or isinstance(failure, failures.NodeBusyError):
            return
        if isinstance(failure, failures.NodeLostError):
            log.warning("database node failed", node=node.name, reason=str(failure))
            node.standing.lost = True
            node.standing.fault = str(failure)
            node.control.drop()
            self._settle(node)
        else:
            node.control.distrust()
        self._alarms[node].set()

    async def _watch(self, node: Node) -> None:
        alarm = self._alarms[node]
        while True:
            heed()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause(node).total_seconds()):
                    await alarm.wait()
            alarm.clear()
            await self._look(node)

    def _pause(self, node: Node) -> timedelta:
        """Return how long to wait; hardly at all for the second look that tells a hiccup from a dead server."""
        uncertain = node.standing.in_doubt and node.standing.reachable
        return self._options.probe_interval / 10 if uncertain else self._options.probe_interval

    async def _look_at_all(self) -> None:
        try:
            await asyncio.gather(*(self._look(node) for node in self._nodes))
        finally:
            self._recheck = None

    async def _look(self, node: Node) -> None:
        try:
            seen = await _in_time(node.control.ask(observe), self._options.probe_timeout.total_seconds())
        except failures.UNREACHABLE as error:
            self._missed(node, error)
        else:
            await self._saw(node, seen)
        self._settle(node)

    def _missed(self, node: Node, error: Exception) -> None:
        known, reason = node.standing.fault, failures.sentence(error)
        node.standing.missed(reason, wavering=isinstance(error, TimeoutError | asyncpg.CannotConnectNowError))
        if not node.standing.reachable:
            node.cut()
            if reason != known:
                log.warning("database node is out of reach", node=node.name, reason=reason)

    async def _saw(self, node: Node, seen: Observation) -> None:
        before = node.standing.observation
        node.standing.saw(seen)
        if before is not None and _became_another(before, seen):
            log.warning("database node changed its role or cluster", node=node.name, in_recovery=seen.in_recovery)
            node.position.known = seen.lsn
            await node.renew()
        node.position.advance(seen.lsn)

    def _settle(self, probed: Node) -> None:
        """Decide anew who leads and who answers, now that more is known of one node."""
        standings = [node.standing for node in self._nodes]
        for node in self._nodes:
            was = node.standing.serving
            node.standing.weigh(standing.fault(node.standing, standings), counted=node is probed)
            if node.standing.serving is not was:
                log.info(
                    "database node in service" if not was else "database node out of service",
                    node=node.name,
                    role=node.role,
                    reason=node.standing.fault,
                )
        first = standing.leader(standings)
        self.leader = next((node for node in self._nodes if node.standing is first), None)
        self.replicas = tuple(node for node in self._nodes if node.standing.serving and node is not self.leader)


async def _in_time(asking: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what is answered in time, by rounds of the loop as much as by the clock.

    Where there is much to do here, one round may take long, and the answer lies unread meanwhile: that is no fault of
    the node's, and to connect anew, which takes many rounds, would only add to it. So the time is spent in slices,
    each of which takes a round at least.

    Raises:
        TimeoutError: nothing was answered in time.
    """
    asked = asyncio.ensure_future(asking)
    try:
        for _ in range(SLICES):
            await asyncio.wait([asked], timeout=seconds / SLICES)
            if asked.done():
                return asked.result()
        raise TimeoutError
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


def _became_another(before: Observation, now: Observation) -> bool:
    return (before.in_recovery, before.system_identifier) != (now.in_recovery, now.system_identifier)
