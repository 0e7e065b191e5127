"""`/metrics` for Prometheus: the last stored snapshot, alerts, and this process itself. No database server is asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from api.authentication import Authentication
from api.measuring import Process
from api.snapshot_metrics import families
from api.version import VERSION
from db.control import Alert, DeliveryState, alerts, outbox, snapshots
from db.monitoring.snapshot import Snapshot
from jobs.site import Site
from schema.roles import Role

log = structlog.get_logger(__name__)

# What a snapshot from longer ago says is not true any more: its age alone is told.
STALE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Stored:
    """What the control store says; nothing of it where there is none, or it cannot be read."""

    snapshot: Snapshot | None = None
    alerts: Sequence[Alert] = ()
    deliveries: dict[tuple[str, DeliveryState], int] = field(default_factory=dict[tuple[str, DeliveryState], int])
    readable: bool | None = None


@dataclass(frozen=True)
class Everything:
    """What one scrape gets, as the library wants to be given it."""

    process: Process
    stored: Stored
    now: datetime
    stale: timedelta = STALE

    def collect(self) -> Iterable[Metric]:
        yield from self.process.collect()
        yield _one("yukyu_build", "Always 1; the label says the version.", 1, version=VERSION)
        if self.stored.readable is not None:
            yield _one("yukyu_control_store_up", "Whether the control store could be read.", self.stored.readable)
        if self.stored.readable:
            yield from self._alerts()
            yield from self._deliveries()
        if snapshot := self.stored.snapshot:
            age = self.now - snapshot.taken_at
            yield _one("yukyu_snapshot_age_seconds", "Since the servers were last measured.", age.total_seconds())
            if age <= self.stale:
                yield from families(snapshot)

    def _alerts(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "yukyu_alerts", "Alerts that are pending or fire.", labels=("rule", "severity", "state")
        )
        counts: dict[tuple[str, ...], int] = {}
        for alert in self.stored.alerts:
            labels = (alert.rule_key, alert.severity.value.lower(), alert.state.value.lower())
            counts[labels] = counts.get(labels, 0) + 1
        for labels, count in sorted(counts.items()):
            family.add_metric(labels, count)
        yield family

    def _deliveries(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "yukyu_deliveries", "Messages about alerts of the last 30 days.", labels=("channel", "state")
        )
        for (channel, state), count in sorted(self.stored.deliveries.items()):
            family.add_metric((channel, state.value.lower()), count)
        yield family


@dataclass(frozen=True)
class MetricsEndpoint:
    process: Process
    authentication: Authentication
    site: Site | None

    async def __call__(self, request: Request) -> Response:
        origin = self.authentication.origin_of(request.scope)
        identity = await self.authentication.identify(request, origin)
        self.authentication.require(identity, Role.ADMIN, action="metrics", origin=origin)
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        now = self.site.clock() if self.site else datetime.now(UTC)
        stale = max(STALE, 3 * self.site.monitoring.interval) if self.site else STALE
        everything = Everything(self.process, await _stored(self.site), now, stale)
        return Response(encode(everything), headers={"content-type": content_type, "cache-control": "no-store"})


async def _stored(site: Site | None) -> Stored:
    if site is None:
        return Stored()
    try:
        async with site.control.reading() as session:
            return Stored(
                snapshot=await snapshots.newest(session),
                alerts=await alerts.unresolved(session),
                deliveries=await outbox.counts(session),
                readable=True,
            )
    except Exception as failure:  # noqa: BLE001 - what this process knows of itself is served all the same
        log.warning("control store not read for metrics", reason=str(failure))
        return Stored(readable=False)


def _one(name: str, text: str, value: float, **labels: str) -> Metric:
    family = GaugeMetricFamily(name, text, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), float(value))
    return family
