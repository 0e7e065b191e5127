"""`/metrics` as Prometheus sees it, and the dashboard made of it."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_of
from prometheus_client.parser import text_string_to_metric_families as metrics_of

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.control import AlertEventKind, snapshots
from db.engines import Engines
from db.monitoring.snapshot import Backups, Baselines
from jobs import health
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api
from tests.conftest import Database
from tests.jobs.alerts.outgoing import an_alert, put
from tests.jobs.baselines.conftest import Watched, watched  # noqa: F401 - a fixture

DOCS = Path(__file__).parents[2] / "docs" / "monitoring"
ADMIN = (Role.ADMIN,)
# What a query language is made of, and no metric.
PROMQL = {"by", "max", "min", "sum", "rate", "increase", "topk", "time", "or", "vector", "histogram_quantile"}


@pytest.fixture
async def api(database: Database, watched: Watched) -> AsyncIterator[Api]:  # noqa: F811 - the fixture
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[])

        site, links = watched.site, SignInLinks()
        app = create_app(engines, Settings(), tokens=TOKENS, links=links, examine=examine, site=site)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            yield Api(client, links, database.primary_url)


async def scrape(api: Api, **headers: str) -> httpx.Response:
    answer = await api.client.get("/metrics", headers={"authorization": f"Bearer {api.token(*ADMIN)}"} | headers)
    assert answer.status_code == 200
    return answer


async def scraped(api: Api) -> dict[str, Metric]:
    return {family.name: family for family in metrics_of((await scrape(api)).text)}


def values(family: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


async def everything(watched: Watched) -> None:  # noqa: F811 - the fixture's
    """Keep a snapshot in which nothing is missing."""
    found, now = await watched.taking.take(), watched.clock()
    backups = Backups(
        seen_at=now,
        first_seen_at=now,
        last_backup_at=now,
        failed_backup=None,
        failed_reason=None,
        rpo_seconds_now=1.5,
        rpo_seconds=300,
        archive_failures=0,
        archive_failing_since=None,
        pending_segments=0,
        gaps=(),
        last_drill_at=now,
    )
    found = replace(found, backups=backups, baselines=Baselines(newest_at=now, regressions=()))
    async with watched.site.control.transaction() as session:
        await snapshots.store(session, found)


async def test_the_last_snapshot_is_served(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    await everything(watched)

    found = await scraped(api)

    assert values(found["yukyu_server_up"]) == {("primary", "primary"): 1, ("replica", "replica"): 1}
    assert values(found["yukyu_server_in_recovery"]) == {("primary",): 0, ("replica",): 1}
    assert 0 <= values(found["yukyu_snapshot_age_seconds"])[()] < 60
    assert values(found["yukyu_database_bytes"])["primary",] > 1_000_000
    assert values(found["yukyu_rpo_seconds"]) == {(): 1.5}
    assert values(found["yukyu_transactions"])["committed", "primary"] > 0
    assert values(found["yukyu_build"]) == {(VERSION,): 1}


async def test_a_snapshot_of_long_ago_is_told_by_its_age_alone(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    await everything(watched)
    watched.clock.ahead = timedelta(hours=1)

    found = await scraped(api)

    assert values(found["yukyu_snapshot_age_seconds"])[()] > 3000
    assert "yukyu_server_up" not in found


async def test_operations_are_counted_by_kind_and_outcome(api: Api) -> None:
    await api.data("{ me { name } }")
    await api.refusal("{ health { status } }")
    await api.refusal("{ nothing }")
    await api.ask("query A { me { name } } mutation B { createBaseline { id } }")
    await api.refusal("mutation { createBaseline { id } }", roles=ADMIN)
    token = {"authorization": f"Bearer {api.token()}"}
    await api.client.get("/api/search/staff", params={"q": "x"}, headers=token)
    await api.client.get("/api/search/staff", params={"q": ""}, headers=token)
    await api.client.post("/graphql", content="nonsense", headers=token | {"content-type": "application/json"})

    found = await scraped(api)

    counted = {
        (sample.labels["kind"], sample.labels["outcome"]): sample.value
        for sample in found["yukyu_operations"].samples
        if sample.name.endswith("_total")
    }
    assert counted["query", "ok"] == 1
    assert counted["query", "refused"] == 2
    assert counted["mutation", "refused"] == 1
    assert (counted["search", "ok"], counted["search", "refused"]) == (1, 1)
    assert counted["unknown", "refused"] == 2
    assert sum(counted[kind, "failed"] for kind in ("query", "mutation", "search", "unknown")) == 0
    timed = {
        sample.labels["kind"]: sample.value
        for sample in found["yukyu_operation_seconds"].samples
        if sample.name.endswith("_count")
    }
    assert timed["query"] == 3


async def test_alerts_and_deliveries_are_counted(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    alert = an_alert(watched.site)
    async with watched.site.control.transaction() as session:
        session.add(alert)
    await put(watched.site, [alert], AlertEventKind.FIRED)

    found = await scraped(api)

    assert values(found["yukyu_alerts"]) == {("primary-down", "critical", "firing"): 1}
    assert values(found["yukyu_deliveries"]) == {("log", "pending"): 1}


async def test_the_pools_of_this_process_are_told(api: Api) -> None:
    await api.data('{ suggest(prefix: "a") }')

    found = await scraped(api)

    assert len(values(found["yukyu_pool_connections"])) == 4
    assert sum(values(found["yukyu_pool_connections"]).values()) > 0
    assert all(value > 0 for value in values(found["yukyu_pool_maximum"]).values())


async def test_only_an_admin_may_scrape(api: Api) -> None:
    assert (await api.client.get("/metrics")).status_code == 401
    for role in (Role.VIEWER, Role.HR):
        answer = await api.client.get("/metrics", headers={"authorization": f"Bearer {api.token(role)}"})
        assert answer.status_code == 403
    basic = await api.client.get("/metrics", headers={"authorization": "Basic YTpi"})
    assert basic.status_code == 401


async def test_who_asks_for_openmetrics_gets_it(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    await everything(watched)

    answer = await scrape(api, accept="application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")

    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert {family.name for family in openmetrics_of(answer.text)} >= {"yukyu_operations", "yukyu_server_up"}
    plain = await scrape(api)
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_a_scrape_asks_no_database_server(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    await everything(watched)
    before = await scraped(api)
    for _ in range(3):
        await scraped(api)
    after = await scraped(api)

    for name in ("yukyu_transactions", "yukyu_blocks", "yukyu_wal_position_bytes"):
        assert values(before[name]) == values(after[name])
    assert sum(values(after["yukyu_pool_connections"]).values()) == sum(
        values(before["yukyu_pool_connections"]).values()
    )


async def test_labels_name_nobody_and_hold_no_statement(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    await everything(watched)

    labels = {
        (name, value)
        for family in (await scraped(api)).values()
        for sample in family.samples
        for name, value in sample.labels.items()
    }

    assert {name for name, _ in labels} <= {
        "channel", "database", "directory", "kind", "le", "node", "outcome", "reason", "role", "rule", "server",
        "severity", "slot", "source", "state", "table", "version", "way",
    }  # fmt: skip
    assert not [value for _, value in labels if " " in value or "/" in value]


def expressions(panels: list[dict[str, Any]]) -> list[str]:
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


async def test_the_dashboard_uses_only_metrics_that_there_are(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    await everything(watched)
    families = (await scraped(api)).values()
    known = {family.name for family in families} | {sample.name for family in families for sample in family.samples}
    known |= {f"{family.name}_total" for family in families if family.type == "counter"}
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))

    used: set[str] = set()
    for expression in expressions(dashboard["panels"]):
        bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)|\d+(\.\d+)?", " ", expression)
        used |= set(re.findall(r"[a-z_]+", bare)) - PROMQL

    assert used - known == set()
    assert len(used) > 30


def test_every_panel_has_a_place_and_a_description() -> None:
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))

    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            assert panel["description"]
            assert panel["datasource"]["uid"] == "${datasource}"


async def test_the_example_s_way_of_asking_is_answered(api: Api) -> None:
    (job,) = yaml.safe_load((DOCS / "prometheus.yml").read_text("utf-8"))["scrape_configs"]

    answer = await api.client.get(
        job["metrics_path"], headers={"authorization": f"{job['authorization']['type']} {api.token(*ADMIN)}"}
    )

    assert answer.status_code == 200
