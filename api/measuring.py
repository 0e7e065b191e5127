"""What this process counts of its own work, for `/metrics`."""

import asyncio
import os
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from strawberry.types import ExecutionResult

from api.streams import Streams
from db.engines import Engines
from db.errors import AppError, DatabaseUnavailableError

# A query, a mutation, a REST search, or what says none of these. Subscriptions are counted while they last, as streams.
KINDS: Final = ("query", "mutation", "search", "unknown")
OK, REFUSED, FAILED = "ok", "refused", "failed"
# Codes for which the caller can do nothing.
OURS: Final = frozenset({AppError.code, DatabaseUnavailableError.code})
# How the library is told the directory of the counts of several processes.
TOGETHER: Final = "PROMETHEUS_MULTIPROC_DIR"
TOLD_EVERY_SECONDS: Final = 0.25
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)


class Operations:
    """Counts operations and the time they take, by kind and outcome."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = Counter(
            "yukyu_operations",
            "Operations that this process has answered; refused for the caller's reasons, failed for ours.",
            ("kind", "outcome"),
            registry=registry,
        )
        histogram = Histogram(
            "yukyu_operation_seconds",
            "Time from a request's arrival to its answer.",
            ("kind",),
            buckets=SECONDS,
            registry=registry,
        )
        # Kind, outcome and seconds of what was counted since the counters were last told: not on the way of a request.
        self._since: list[tuple[str, str, float]] = []
        self._counted = {(kind, each): counter.labels(kind, each) for kind in KINDS for each in (OK, REFUSED, FAILED)}
        self._timed = {kind: histogram.labels(kind) for kind in KINDS}

    def count(self, kind: str | None, outcome: str, *, began: float) -> None:
        """Count an operation that began at this reading of the performance counter.

        The counters are told soon, and before they are read here: a process that dies takes its last moments along.
        """
        if not self._since:
            asyncio.get_running_loop().call_later(TOLD_EVERY_SECONDS, self.tell)
        self._since.append((kind if kind in self._timed else "unknown", outcome, time.perf_counter() - began))

    def tell(self) -> None:
        """Tell the counters what they have not been told yet."""
        since, self._since = self._since, []
        for kind, outcome, seconds in since:
            self._counted[kind, outcome].inc()
            self._timed[kind].observe(seconds)

    @contextmanager
    def counted(self, kind: str) -> Generator[None]:
        """Count what the block does."""
        began = time.perf_counter()
        try:
            yield
        except AppError as error:
            self.count(kind, _outcome({error.code}), began=began)
            raise
        except Exception:
            self.count(kind, FAILED, began=began)
            raise
        self.count(kind, OK, began=began)


def outcome_of(result: ExecutionResult) -> str:
    if not result.errors:
        return OK
    return _outcome({(error.extensions or {}).get("code", AppError.code) for error in result.errors})


def _outcome(codes: set[str]) -> str:
    if not codes:
        return OK
    return FAILED if codes & OURS else REFUSED


class Process:
    """This process: its operations, streams and connections, its memory and time."""

    def __init__(self, engines: Engines, streams: Streams) -> None:
        self._registry = CollectorRegistry()
        self._engines = engines
        self._streams = streams
        self.operations = Operations(self._registry)
        self._own = ProcessCollector(registry=None)
        # Where several processes answer for one another, each keeps its counts in files that all of them read.
        together = os.environ.get(TOGETHER)
        self._counts = MultiProcessCollector(None, together) if together else self._registry

    def collect(self) -> Iterable[Metric]:
        self.operations.tell()
        yield from self._counts.collect()
        yield from self._own.collect()
        streams = GaugeMetricFamily("yukyu_streams", "Connections on which subscriptions are answered now.")
        streams.add_metric((), self._streams.open)
        yield streams
        yield from self._pools()

    def _pools(self) -> Iterable[Metric]:
        connections = GaugeMetricFamily(
            "yukyu_pool_connections", "Connections of this process to a node, by state.", labels=("node", "state")
        )
        maximum = GaugeMetricFamily("yukyu_pool_maximum", "How many there may be.", labels=("node",))
        waiting = GaugeMetricFamily("yukyu_pool_waiting", "Reads that wait for a connection.", labels=("node",))
        for node in self._engines.nodes:
            usage = node.reads.usage()
            connections.add_metric((node.name, "in_use"), usage.in_use)
            connections.add_metric((node.name, "idle"), usage.size - usage.in_use)
            maximum.add_metric((node.name,), usage.maximum)
            waiting.add_metric((node.name,), usage.waiting)
        return connections, maximum, waiting
