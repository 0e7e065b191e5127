"""Baselines through GraphQL."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.engines import Engines
from jobs import health
from schema.roles import Role
from tests import forking
from tests.api.application import ORIGIN, TOKENS, Api
from tests.conftest import Database
from tests.jobs.baselines.conftest import Watched, watched  # noqa: F401 - a fixture

ADMIN = (Role.ADMIN,)
CREATE = """mutation ($label: String) { createBaseline(label: $label) {
  id label takenAt metrics { name value unit deviation samples query }
} }"""
COMPARE = """query ($id: ID) { compareBaseline(id: $id) {
  regressed baseline { id } current { takenAt metrics { name } }
  changes { name unit before after changePercent regressed query }
} }"""
LIST = "query ($last: Int!) { baselines(last: $last) { id label } }"
NODE = "query ($id: ID!) { node(id: $id) { ... on Baseline { id label } } }"


@pytest.fixture
async def api(database: Database, watched: Watched) -> AsyncIterator[Api]:  # noqa: F811 - the fixture
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[])

        site, links = watched.site, SignInLinks()
        app = create_app(engines, Settings(), tokens=TOKENS, links=links, examine=examine, site=site)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            yield Api(client, links, database.primary_url)


async def test_a_baseline_is_taken_listed_and_compared_with(api: Api, watched: Watched) -> None:  # noqa: F811 - the fixture
    assert (await api.data(COMPARE, roles=ADMIN))["compareBaseline"] is None
    early = await api.refusal(CREATE, roles=ADMIN)
    assert "are needed" in early["message"]
    for _ in range(5):
        await watched.tick()

    taken = (await api.data(CREATE, {"label": "before version 2"}, roles=ADMIN))["createBaseline"]

    assert taken["label"] == "before version 2"
    assert {"primary-latency", "database-bytes"} <= {each["name"] for each in taken["metrics"]}
    listed = (await api.data(LIST, {"last": 10}, roles=ADMIN))["baselines"]
    assert listed == [{"id": taken["id"], "label": "before version 2"}]
    assert (await api.data(NODE, {"id": taken["id"]}, roles=ADMIN))["node"] == listed[0]
    assert (await api.data(NODE, {"id": taken["id"]}))["node"] is None
    compared: dict[str, Any] = (await api.data(COMPARE, {"id": taken["id"]}, roles=ADMIN))["compareBaseline"]
    assert compared["baseline"]["id"] == taken["id"]
    assert {"name", "before", "after", "changePercent", "regressed"} <= set(compared["changes"][0])


async def test_what_cannot_be_meant_is_refused(api: Api) -> None:
    for document, variables, code in (
        (LIST, {"last": 0}, "BAD_USER_INPUT"),
        (LIST, {"last": 11}, "BAD_USER_INPUT"),
        (CREATE, {"label": "x" * 101}, "BAD_USER_INPUT"),
        (COMPARE, {"id": "baseline:nowhere"}, "NOT_FOUND"),
    ):
        assert (await api.refusal(document, variables, roles=ADMIN))["code"] == code, (document, variables)


async def test_only_an_admin_sees_baselines(api: Api) -> None:
    for document, variables in ((LIST, {"last": 1}), (CREATE, {}), (COMPARE, {})):
        assert (await api.refusal(document, variables, roles=(Role.HR,)))["code"] == "FORBIDDEN"


@pytest.mark.long
async def test_the_command_line_takes_and_compares(watched: Watched) -> None:  # noqa: F811 - the fixture
    directory = watched.site.installation.layout.root

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return forking.yukyu("monitor", *arguments, "--data-dir", directory)

    none = await asyncio.to_thread(run, "compare")
    early = await asyncio.to_thread(run, "baseline")
    for _ in range(5):
        await watched.tick()
    taken = await asyncio.to_thread(run, "baseline", "--label", "[bold]brackets", "--json")
    compared = await asyncio.to_thread(run, "compare")
    as_json = await asyncio.to_thread(run, "compare", "--json")

    assert (none.returncode, early.returncode) == (1, 1)
    assert "yukyu monitor baseline" in none.stderr
    assert "worker" in early.stderr
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout)["label"] == "[bold]brackets"
    assert "[bold]brackets" in compared.stdout
    assert "primary-latency" in compared.stdout
    assert json.loads(as_json.stdout)["regressed"] == bool(as_json.returncode)
