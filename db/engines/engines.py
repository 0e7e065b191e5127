"""Sends each read to the node that should answer it, and each transaction to the primary."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from time import monotonic
from typing import Final, Self, TypeVar

import asyncpg
import structlog

from db.engines import failures
from db.engines.answer import Answer, EngineRole
from db.engines.failures import NodeFailedError, NodeLostError, NoNodeError
from db.engines.monitor import Monitor
from db.engines.node import Node
from db.engines.options import EngineOptions
from db.engines.writes import WriteSession
from db.errors import DatabaseUnavailableError
from db.lsn import Lsn

T = TypeVar("T")

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 0.1


class Engines:
    """The primary, its replicas, and who of them answers what. Made by `open`."""

    def __init__(self, nodes: Sequence[Node], options: EngineOptions) -> None:
        self.nodes = tuple(nodes)
        self.options = options
        self._monitor = Monitor(self.nodes, options)
        self._turn = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, primary_url: str, replica_urls: Sequence[str] = (), *, options: EngineOptions | None = None
    ) -> AsyncGenerator[Self]:
        """Look at every node once and watch them from then on; nodes may be down.

        Raises:
            BadInputError: an address is not a libpq URL.
        """
        options = options or EngineOptions()
        replicas = (Node(url, EngineRole.REPLICA, options) for url in replica_urls)
        engines = cls((Node(primary_url, EngineRole.PRIMARY, options), *replicas), options)
        await engines.recheck()
        watch = asyncio.create_task(engines._monitor.watch())
        try:
            yield engines
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            await asyncio.gather(*(node.close() for node in engines.nodes))

    @property
    def primary(self) -> Node | None:
        """The node that takes writes now."""
        return self._monitor.leader

    @property
    def wait_seconds(self) -> float:
        """How long reads wait for a connection as things are, on the node where they wait longest."""
        longest = 0.0
        for node in self.nodes:
            longest = max(longest, node.reads.wait)
        return longest

    async def recheck(self) -> None:
        """Look at every node now instead of at the next probe."""
        await self._monitor.recheck()

    async def warm(self, work: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        """Do `work` once on every read connection of every node that is up, so that no read waits for a first time."""
        filling = (node.reads.fill(work) for node in self.nodes if node.is_up)
        for outcome in await asyncio.gather(*filling, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.warning("connections not warmed", reason=str(outcome))

    async def read(self, work: Callable[[asyncpg.Connection], Awaitable[T]], *, after: Lsn | None = None) -> Answer[T]:
        """Do read-only work on the best node there is; with `after`, on one that includes that commit.

        The work is done again on another node when the first one fails, so it must have no effect of its own,
        and leave nothing in the session (SET LOCAL, not SET).

        Raises:
            DatabaseUnavailableError: no node can answer, or only replicas that are not known to include `after`.
            Exception: what the work raised, when no node is to blame.
        """
        began = monotonic()
        failed: dict[Node, NodeFailedError] = {}
        for turn in count():
            while choice := self._ready(after, failed) or await self._choose(after, failed):
                node, role = choice
                lsn = node.position.known
                try:
                    value = await node.read(work, after=after if role is EngineRole.REPLICA else None)
                except NodeFailedError as failure:
                    failed[node] = failure
                    self._monitor.suspect(node, failure)
                else:
                    return Answer(value, role, node.name, lsn)
            await self.recheck()
            late = monotonic() > began + self.options.patience.total_seconds()
            if turn and (late or not self._may_answer_soon(failed)):
                break
            await asyncio.sleep(turn * PAUSE_SECONDS)
            failed.clear()
        raise self._unavailable(after)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[WriteSession]:
        """Commit what the block does on the primary, or nothing when it raises; `session.lsn` names the commit.

        Raises:
            DatabaseUnavailableError: there is no primary, or it failed in the middle.
        """
        node = await self._writable()
        try:
            async with node.writes.transaction() as session:
                yield session
        except NodeFailedError as failure:
            self._monitor.suspect(node, failure)
            raise self._unwritable() from failure
        except DatabaseUnavailableError as lost:
            self._monitor.suspect(node, NodeLostError(lost.message))
            raise
        if session.lsn is not None:
            node.position.advance(session.lsn)

    def require_server(self, what: str) -> None:
        """Make sure that there is a server behind this, for what a file has not; `what` is '… needs'.

        Raises:
            NeedsPostgresError: there is a database file.
        """

    async def _writable(self) -> Node:
        if self._monitor.leader is None:
            await self.recheck()
        if self._monitor.leader is None:
            raise self._unwritable()
        return self._monitor.leader

    def _ready(self, after: Lsn | None, failed: Collection[Node]) -> tuple[Node, EngineRole] | None:
        """Return the replica that answers next, where there is one, and nobody has to wait for it; None elsewhere."""
        replicas = self._monitor.replicas
        if len(replicas) != 1 or failed:
            return None
        node = replicas[0]
        return (node, EngineRole.REPLICA) if after is None or node.position.known >= after else None

    async def _choose(self, after: Lsn | None, failed: Collection[Node]) -> tuple[Node, EngineRole] | None:
        """Return who answers next: a replica (that includes `after`), else the primary, else nobody."""
        replicas = [node for node in self._monitor.replicas if node not in failed]
        if replicas:
            node = self._least_busy(replicas, after)
            if after is None or node.position.known >= after or await self._catches_up(node, after):
                return node, EngineRole.REPLICA
        primary = self._monitor.leader
        if primary is None or primary in failed:
            return None
        return primary, EngineRole.PRIMARY

    def _least_busy(self, replicas: Sequence[Node], after: Lsn | None) -> Node:
        """Return the replica with the least to do of those that include `after`, in turn when there are several."""
        if len(replicas) == 1:
            return replicas[0]
        if after is not None:
            furthest = max(node.position.known for node in replicas)
            replicas = [node for node in replicas if node.position.known >= min(after, furthest)]
        self._turn += 1
        start = self._turn % len(replicas)
        return min((*replicas[start:], *replicas[:start]), key=lambda node: node.reads.active)

    async def _catches_up(self, node: Node, after: Lsn) -> bool:
        """Wait for a replica to replay `after`; not at all for a position that nobody has written."""
        with suppress(*failures.UNREACHABLE):
            async with asyncio.timeout(self.options.freshness_wait.total_seconds()):
                await node.position.refresh()
                if node.position.known >= after:
                    return True
                if await self._is_written(after):
                    await node.position.reach(after)
        return node.position.known >= after

    async def _is_written(self, after: Lsn) -> bool:
        """Return whether the primary has such a position: nonsense and abandoned timelines lie ahead of it."""
        primary = self._monitor.leader
        if primary is None:
            return True
        if primary.position.known < after:
            await primary.position.refresh()
        return primary.position.known >= after

    def _may_answer_soon(self, failed: Mapping[Node, NodeFailedError]) -> bool:
        """Return whether to try once more: some node hangs or starts, or had no connection free in time.

        Not one that was lost at work, again: the work itself may be what kills it.
        """
        return any(
            node.standing.wavering
            or (node.standing.reachable and node in failed and not isinstance(failed[node], NodeLostError))
            for node in self.nodes
        )

    def _unwritable(self) -> NoNodeError:
        return self._none(
            "The primary database is down, so that nothing can be saved now.",
            "Try again in a few seconds; nothing was changed. `yukyu check` shows the state of every server.",
        )

    def _unavailable(self, after: Lsn | None) -> NoNodeError:
        if after is not None and self._monitor.replicas:
            return self._none(
                "The primary database is down, and its replica may not have received your last change.",
                "Try again in a few seconds; without the position of that change older data can be read now.",
            )
        return self._none(
            "No database server can answer now.",
            "Try again in a few seconds; `yukyu check` shows the state of every server.",
        )

    def _none(self, message: str, hint: str) -> NoNodeError:
        reasons = {node.name: node.standing.fault or "It is well." for node in self.nodes}
        log.warning(message, nodes=reasons)
        return NoNodeError(message, hint=hint, reasons=reasons)
