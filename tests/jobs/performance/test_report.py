import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from db.control import snapshots
from db.engines import EngineRole
from jobs import performance
from jobs.monitoring.servers import Target, targets
from jobs.monitoring.taking import Taking
from jobs.performance.report import StatementsUnavailableError
from tests.conftest import Database
from tests.db.cluster.witness import connected
from tests.jobs.monitoring.conftest import Gated, gated
from tests.jobs.performance.conftest import Staffed

__all__ = ["gated"]

NOWHERE = Target("replica", EngineRole.REPLICA, "postgresql://aiko:hush@127.0.0.1:9/nowhere")


async def execute(url: str, *statements: str) -> None:
    async with connected(url) as connection:
        for statement in statements:
            await connection.fetch(statement)
        await connection.fetch("SELECT pg_stat_force_next_flush()")


async def report(staffed: Staffed) -> performance.Report:
    return await performance.report(staffed.targets, None)


def index(found: performance.Report, name: str) -> performance.IndexUse:
    return next(each for each in found.indexes if each.index.name == name)


@pytest.mark.every_version
async def test_statements_are_counted_over_all_servers_slowest_first(staffed: Staffed) -> None:
    slow = "SELECT pg_sleep(0.12), 'both'"
    await execute(staffed.database.primary_url, slow)
    await execute(staffed.database.replica_url, slow)

    found = (await report(staffed)).slow_queries(threshold_ms=100, first=100)

    asked = next(each for each in found if "pg_sleep" in each.statement.query)
    assert asked.statement.query == "SELECT pg_sleep($1), $2"
    assert asked.statement.calls == 2
    assert asked.statement.mean_ms >= 120
    means = [each.statement.mean_ms for each in found]
    assert means == sorted(means, reverse=True)
    assert min(means) > 100


@pytest.mark.every_version
async def test_a_threshold_and_a_number_bound_what_is_shown(staffed: Staffed) -> None:
    found = await report(staffed)

    assert found.slow_queries(threshold_ms=3_600_000, first=20) == []
    assert len(found.slow_queries(threshold_ms=0, first=2)) == 2


@pytest.mark.every_version
async def test_an_index_is_in_use_when_only_the_replica_scans_it(staffed: Staffed) -> None:
    await execute(
        staffed.database.primary_url,
        "CREATE INDEX by_person ON shifts (person)",
        "CREATE INDEX by_note ON shifts (note)",
        "CREATE UNIQUE INDEX one_name ON people (name)",
    )
    async with asyncio.timeout(60), connected(staffed.database.replica_url) as replica:
        while not await replica.fetchval("SELECT to_regclass('by_person') IS NOT NULL"):  # noqa: ASYNC110 - the replica's
            await asyncio.sleep(0.02)
    await execute(
        staffed.database.replica_url, "SET enable_seqscan = off", "SELECT count(*) FROM shifts WHERE person = 7"
    )

    found = await report(staffed)

    assert index(found, "by_person").scans == 1
    assert not index(found, "by_person").unused
    assert index(found, "by_note").unused
    assert not index(found, "one_name").unused
    assert not index(found, "pk_staff").unused


@pytest.mark.every_version
async def test_no_index_is_called_unused_while_a_server_cannot_be_asked(staffed: Staffed) -> None:
    found = await performance.report([staffed.targets[0], NOWHERE], None)

    assert found.indexes
    assert not [each for each in found.indexes if each.unused]
    assert found.unavailable == ("replica could not be measured: Nothing listens at its address.",)


@pytest.mark.every_version
async def test_tables_have_rows_bloat_and_the_scans_of_all_servers(staffed: Staffed) -> None:
    found = await report(staffed)

    shifts = next(each for each in found.tables if each.table.name == "shifts")
    assert shifts.table.live_rows >= 40_000
    assert shifts.table.bloat_percent is not None
    assert not shifts.table.bloat_is_estimate
    assert found.tables[0] is shifts


async def test_without_statements_they_are_unknown_rather_than_none(database: Database) -> None:
    found = await performance.report([Target("primary", EngineRole.PRIMARY, database.primary_url)], None)

    with pytest.raises(StatementsUnavailableError, match="Slow queries are unknown"):
        found.slow_queries(threshold_ms=100, first=20)
    assert found.unavailable == (
        "Slow queries of primary: pg_stat_statements is not loaded there, or may not be read.",
    )


async def test_what_the_worker_saw_last_is_reported_with_the_ratio_since_the_time_before(gated: Gated) -> None:
    site = gated.site
    taking = Taking(site)
    kept = [await taking.take(), await taking.take()]
    taking.close()
    async with site.control.transaction() as session:
        for snapshot in kept:
            await snapshots.store(session, snapshot)

    found = await performance.report(targets(site.installation), site)

    assert found.taken_at == kept[1].taken_at
    assert found.cache_hit_ratio is not None
    assert 0 <= found.cache_hit_ratio <= 1


async def test_where_no_worker_looks_the_servers_are_measured_now(gated: Gated) -> None:
    site = gated.site
    taking = Taking(site)
    old = await taking.take()
    taking.close()
    async with site.control.transaction() as session:
        await snapshots.store(session, replace(old, taken_at=old.taken_at - timedelta(minutes=10)))

    found = await performance.report(targets(site.installation), site)

    assert found.taken_at >= old.taken_at
    assert found.cache_hit_ratio is None
    assert list(found.indexes) == []
    assert found.unavailable == ()
