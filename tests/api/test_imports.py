"""Imports through GraphQL: for administrators, and without values."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.engines import Engines
from jobs import health
from jobs.data.legacy import Manner, import_file
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile

ADMIN = (Role.ADMIN,)
LIST = """query ($first: Int!, $after: String) { imports(first: $first, after: $after) {
  nodes { id source importedBy canBeRolledBack tables {
    table read inserted rejected problems { place reason column }
  } }
  pageInfo { hasNextPage endCursor }
} }"""
ONE = "query ($id: ID!) { importReport(id: $id) { kind source rolledBackAt unknownTables } }"


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Api]:
    async with Engines.open(database.primary_url, []) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[])

        links = SignInLinks()
        app = create_app(engines, Settings(), tokens=TOKENS, links=links, examine=examine)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            yield Api(client, links, database.primary_url)


async def test_imports_are_listed_newest_first_with_reasons_and_no_values(
    api: Api, database: Database, tmp_path: Path
) -> None:
    old = OldFile(tmp_path / "yukyu.db")
    old.add("genzai", id="g1", employee_num="1", name="一", hourly_wage="a secret wage")
    reports = [await import_file(database.primary_url, old.path, Manner(by="aiko")) for _ in range(2)]

    page = (await api.data(LIST, {"first": 1}, roles=ADMIN))["imports"]
    behind = (await api.data(LIST, {"first": 5, "after": page["pageInfo"]["endCursor"]}, roles=ADMIN))["imports"]

    assert page["pageInfo"]["hasNextPage"]
    assert [each["id"] for each in page["nodes"] + behind["nodes"]] == [reports[1].id, reports[0].id]
    (genzai,) = [table for table in page["nodes"][0]["tables"] if table["table"] == "genzai"]
    assert genzai["problems"] == [{"place": "row 1", "reason": "is not a number", "column": "hourly_wage"}]
    assert "secret wage" not in str(page)
    one = await api.data(ONE, {"id": reports[0].id}, roles=ADMIN)
    assert one["importReport"] == {"kind": "sqlite", "source": "yukyu.db", "rolledBackAt": None, "unknownTables": []}
    assert (await api.data(ONE, {"id": "nothing"}, roles=ADMIN))["importReport"] is None
