"""Performance through GraphQL, where no worker looks at the servers."""

from typing import Any

import pytest

from schema.roles import Role
from tests.api.application import Api
from tests.conftest import Database
from tests.db.cluster.witness import connected

ADMIN = (Role.ADMIN,)
REPORT = """{ performance {
  takenAt since cacheHitRatio unavailable
  slowQueries(thresholdMs: 0, first: 100) { queryId query calls meanMs maxMs totalMs rows cacheHitRatio }
  tables { name liveRows deadRows bloatPercent bloatIsEstimate totalBytes sequentialScans indexScans lastVacuum }
  indexes { name table definition scans sizeBytes isUnique isValid unused duplicateOf }
  indexSuggestions { table columns statement reason costBefore costAfter }
} }"""
EXPLAIN = """query ($sql: String!, $analyze: Boolean!) { explain(sql: $sql, analyze: $analyze) {
  text json totalCost executionMs sequentialScans advice
} }"""


@pytest.fixture(scope="module")
async def counted(module_database: Database) -> None:
    async with connected(module_database.admin_url) as admin:
        await admin.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


async def test_an_admin_sees_how_fast_the_database_is(api: Api, counted: None) -> None:
    await api.data('{ search(query: "田中") { nodes { score } } }')

    found = (await api.data(REPORT, roles=ADMIN))["performance"]

    assert found["unavailable"] == []
    assert {"employees", "genzai", "ukeoi", "staff"} <= {each["name"] for each in found["tables"]}
    assert next(each for each in found["indexes"] if each["name"] == "pk_staff")["isUnique"]
    assert [each for each in found["slowQueries"] if "search" in each["query"]]
    assert found["indexSuggestions"] == []


async def test_what_takes_too_little_time_is_left_out(api: Api, counted: None) -> None:
    found = await api.data("{ performance { slowQueries(thresholdMs: 3600000) { query } } }", roles=ADMIN)

    assert found["performance"]["slowQueries"] == []


@pytest.mark.parametrize("arguments", ["thresholdMs: -1", "thresholdMs: 1e9", "first: 0", "first: 101"])
async def test_what_cannot_be_meant_is_refused(api: Api, counted: None, arguments: str) -> None:
    document = f"{{ performance {{ slowQueries({arguments}) {{ query }} }} }}"

    assert (await api.refusal(document, roles=ADMIN))["code"] == "BAD_USER_INPUT"


async def test_a_plan_is_made_and_run(api: Api) -> None:
    variables = {"sql": "SELECT * FROM staff ORDER BY name", "analyze": True}

    plan = (await api.data(EXPLAIN, variables, roles=ADMIN))["explain"]

    assert plan["sequentialScans"] == ["staff"]
    assert "Sort Key: name" in plan["text"]
    assert plan["executionMs"] > 0


@pytest.mark.parametrize(
    "sql", ["DELETE FROM staff", "SELECT 1; SELECT 2", "SELECT pg_sleep(1)", "SELECT nonsense", ""]
)
async def test_what_is_not_one_harmless_select_is_refused(api: Api, sql: str) -> None:
    variables = {"sql": sql, "analyze": True}

    assert (await api.refusal(EXPLAIN, variables, roles=ADMIN))["code"] == "BAD_USER_INPUT"


async def test_a_statement_that_takes_too_long_is_stopped(api: Api) -> None:
    variables = {"sql": "SELECT count(*) FROM generate_series(1, 10000000000)", "analyze": True}

    refused = await api.refusal(EXPLAIN, variables, roles=ADMIN)

    assert refused == {"message": "The statement took longer than 5 s and was stopped.", "code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HR])
@pytest.mark.parametrize("document", ["{ performance { since } }", '{ explain(sql: "SELECT 1") { text } }'])
async def test_nobody_else_sees_it(api: Api, role: Any, document: str) -> None:
    assert (await api.refusal(document, roles=(role,)))["code"] == "FORBIDDEN"
