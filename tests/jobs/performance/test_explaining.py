import json
from typing import Any

import pytest

from db.engines import Engines
from db.errors import BadInputError
from jobs import performance
from jobs.performance import QueryPlan
from tests.db.cluster.witness import connected
from tests.jobs.performance.conftest import Staffed

pytestmark = pytest.mark.every_version


async def explain(staffed: Staffed, sql: str, *, analyze: bool = False) -> QueryPlan:
    return await performance.explain(staffed.engines, sql, analyze=analyze)


def advice(plan: QueryPlan, part: str) -> str:
    found = [each for each in plan.advice if part in each]
    assert found, plan.advice
    return found[0]


async def test_a_plan_is_for_people_and_for_programs(staffed: Staffed) -> None:
    plan = await explain(staffed, "SELECT * FROM shifts WHERE id = 7")

    assert plan.text.startswith("Index Scan using shifts_pkey on shifts  (cost=")
    assert "Index Cond: (id = 7)" in plan.text
    assert json.loads(plan.json)[0]["Plan"]["Node Type"] == "Index Scan"
    assert plan.total_cost > 0
    assert (plan.execution_ms, plan.sequential_scans, plan.advice) == (None, [], [])


async def test_it_is_run_when_asked_for(staffed: Staffed) -> None:
    plan = await explain(staffed, "SELECT * FROM people", analyze=True)

    assert plan.execution_ms is not None
    assert "rows=200 loops=1" in plan.text
    assert plan.sequential_scans == ["people"]


@pytest.mark.parametrize("analyze", [False, True])
async def test_a_large_table_that_is_read_whole_for_a_few_rows_wants_an_index(staffed: Staffed, analyze: bool) -> None:  # noqa: FBT001 - pytest's way
    plan = await explain(staffed, "SELECT * FROM shifts WHERE person = 7 AND day > date '2026-06-01'", analyze=analyze)

    said = advice(plan, "An index would find them")
    assert "CREATE INDEX CONCURRENTLY ON shifts (person, day)" in said
    assert "40,000 rows of shifts are read" in said


async def test_a_condition_that_no_index_can_serve_is_told_so(staffed: Staffed) -> None:
    plan = await explain(staffed, "SELECT * FROM shifts WHERE person + 0 = 7")

    assert "compare a column itself" in advice(plan, "All 40,000 rows")


async def test_a_small_table_is_read_whole_without_remark(staffed: Staffed) -> None:
    assert (await explain(staffed, "SELECT * FROM people WHERE name = 'name 7'", analyze=True)).advice == []


async def test_rows_that_were_not_expected_are_remarked_on(staffed: Staffed) -> None:
    sql = "SELECT * FROM shifts WHERE person % 2 = 0 AND person % 4 = 0"

    assert "CREATE STATISTICS" in advice(await explain(staffed, sql, analyze=True), "was expected to give")


async def test_a_sort_on_disk_is_remarked_on(staffed: Staffed) -> None:
    sql = "SELECT * FROM shifts a, generate_series(1, 4) ORDER BY a.note, a.day, a.id DESC"

    assert "work_mem" in advice(await explain(staffed, sql, analyze=True), "A sort did not fit into memory")


async def test_a_hash_in_batches_is_remarked_on(staffed: Staffed) -> None:
    sql = "SELECT count(*) FROM (SELECT md5(id || '-' || n) FROM shifts, generate_series(1, 6) AS n GROUP BY 1) AS x"

    assert "work_mem" in advice(await explain(staffed, sql, analyze=True), "A hash did not fit into memory")


async def test_a_nested_loop_that_goes_round_often_is_remarked_on(staffed: Staffed) -> None:
    sql = "SELECT count(*) FROM generate_series(1, 3000) AS n, LATERAL (SELECT FROM people WHERE id > n LIMIT 1) AS x"

    assert "3,000 times" in advice(await explain(staffed, sql, analyze=True), "A nested loop ran")


async def test_a_table_that_was_never_analysed_is_remarked_on(staffed: Staffed) -> None:
    assert "ANALYZE never_analysed" in advice(await explain(staffed, "TABLE never_analysed"), "never analysed")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pg_sleep(9)",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT * FROM pg_advisory_lock(1)",
        "SELECT query_to_xml('DELETE FROM people', true, true, '')",
        "SELECT nextval('x')",
        "SELECT lo_import('/etc/passwd')",
    ],
)
async def test_what_may_do_more_than_read_is_not_run(staffed: Staffed, sql: str) -> None:
    with pytest.raises(BadInputError, match="may do something besides reading"):
        await explain(staffed, sql, analyze=True)


async def test_but_its_plan_can_be_looked_at(staffed: Staffed) -> None:
    assert (await explain(staffed, "SELECT pg_sleep(9)")).execution_ms is None


async def test_no_error_tells_what_is_in_a_table(staffed: Staffed) -> None:
    with pytest.raises(BadInputError, match="22P02") as refused:
        await explain(staffed, "SELECT name::int FROM people", analyze=True)

    assert "name 1" not in refused.value.message


async def test_a_mistake_is_told_in_the_words_of_postgresql(staffed: Staffed) -> None:
    with pytest.raises(BadInputError, match='column "nonsense" does not exist'):
        await explain(staffed, "SELECT nonsense FROM people")


async def test_a_statement_with_parameters_is_planned_whatever_their_values(staffed: Staffed) -> None:
    plan = await explain(staffed, "SELECT * FROM shifts WHERE id = $1 LIMIT $2")

    assert "Index Cond: (id = $1)" in plan.text


async def test_one_that_cannot_be_planned_so_leaves_the_next_alone(staffed: Staffed) -> None:
    with pytest.raises(BadInputError, match="could not determine data type"):
        await explain(staffed, "SELECT * FROM people WHERE id = $2")

    assert "(id = $1)" in (await explain(staffed, "SELECT * FROM people WHERE id = $1")).text


async def test_parameters_without_values_cannot_be_run(staffed: Staffed) -> None:
    with pytest.raises(BadInputError, match="cannot be run"):
        await explain(staffed, "SELECT $1::int", analyze=True)


async def test_a_table_that_somebody_holds_is_not_waited_for(staffed: Staffed) -> None:
    async with connected(staffed.database.primary_url) as holder:
        await holder.execute("BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        async with Engines.open(staffed.database.primary_url) as engines:
            with pytest.raises(BadInputError, match="locked by somebody else"):
                await performance.explain(engines, "TABLE people")


async def test_nothing_of_it_stays_in_the_session(staffed: Staffed) -> None:
    await explain(staffed, "SELECT 1", analyze=True)

    async def timeout(connection: Any) -> str:
        return await connection.fetchval("SHOW statement_timeout")

    assert (await staffed.engines.read(timeout)).value == "15s"
