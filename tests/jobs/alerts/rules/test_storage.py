"""Rules about tables, indexes and sequences, each with its condition on a real server."""

from contextlib import suppress

import asyncpg
import pytest

from tests.db.cluster.witness import connected, eventually
from tests.jobs.alerts.rules.conftest import Servers
from tests.jobs.alerts.rules.watching import eased

pytestmark = pytest.mark.xdist_group("rules")

FLUSH = "SELECT pg_stat_force_next_flush()"


async def execute(servers: Servers, *statements: str) -> None:
    async with connected(servers.url) as connection:
        for statement in (*statements, FLUSH):
            await connection.execute(statement)


async def removed(servers: Servers) -> bool:
    """Try to remove dead rows; for some seconds the replica says that it may still look at them."""
    await execute(servers, "VACUUM dying")
    async with connected(servers.url) as connection:
        return not await connection.fetchval("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'dying'")


async def test_a_hollow_table_is_told_by_the_worse_rule(servers: Servers) -> None:
    watching = servers.by(eased("table-bloat-critical"), eased("table-bloat"))
    await execute(
        servers,
        "CREATE TABLE hollow AS SELECT n, repeat('x', 200) AS filler FROM generate_series(1, 90000) AS n",
        "DELETE FROM hollow WHERE n % 10 <> 0",
        "VACUUM ANALYZE hollow",
    )
    await watching.fires("hollow")
    alerts = {alert.rule_key: alert for alert in await watching.look()}
    await execute(servers, "DROP TABLE hollow")

    assert alerts["table-bloat"].muted_by == "table-bloat-critical"
    await watching.resolves("hollow")


async def test_dead_rows_are_told_until_they_are_removed(servers: Servers) -> None:
    watching = servers.by(eased("dead-rows"))
    await execute(
        servers,
        "CREATE TABLE dying AS SELECT n FROM generate_series(1, 30000) AS n",
        "DELETE FROM dying WHERE n > 9000",
    )
    fired = await watching.fires("dying")
    await eventually(lambda: removed(servers), seconds=60)

    assert 69 < fired.value < 71
    await watching.resolves("dying")
    await execute(servers, "DROP TABLE dying")


async def test_a_sequence_that_runs_out_is_told(servers: Servers) -> None:
    watching = servers.by(eased("sequence-exhaustion"))
    await execute(servers, "CREATE TABLE narrow (id smallserial)", "SELECT setval('narrow_id_seq', 32000)")
    await watching.fires("public.narrow_id_seq")
    await execute(servers, "DROP TABLE narrow")
    await watching.resolves("public.narrow_id_seq")


async def test_a_large_table_that_is_scanned_again_and_again_is_told(servers: Servers) -> None:
    watching = servers.by(eased("missing-index", threshold=100))
    await execute(servers, "CREATE TABLE scanned AS SELECT n FROM generate_series(1, 20000) AS n", "ANALYZE scanned")
    await watching.look()
    await execute(servers, *["SELECT count(*) FROM scanned WHERE n = 7"] * 5)
    fired = await watching.fires("primary: scanned")

    assert "read from end to end" in fired.summary
    await watching.resolves("primary: scanned")
    await execute(servers, "DROP TABLE scanned")


async def test_an_index_is_unused_until_a_query_uses_it_on_any_server(servers: Servers) -> None:
    watching = servers.by(eased("unused-index", threshold=0))
    await execute(servers, "CREATE TABLE looked_up AS SELECT n FROM generate_series(1, 100) AS n")
    await execute(servers, "CREATE INDEX spare ON looked_up (n)")
    await watching.fires("spare")
    async with connected(servers.replica_admin_url) as replica:
        await replica.execute("SET enable_seqscan = off")
        await replica.fetchval("SELECT n FROM looked_up WHERE n = 7")
        await replica.execute(FLUSH)
    await watching.resolves("spare")
    await execute(servers, "DROP TABLE looked_up")


async def test_an_index_that_is_there_twice_is_told(servers: Servers) -> None:
    watching = servers.by(eased("duplicate-index"))
    await execute(
        servers, "CREATE TABLE twins (n int)", "CREATE INDEX one ON twins (n)", "CREATE INDEX two ON twins (n)"
    )
    fired = await watching.fires("two")
    await execute(servers, "DROP INDEX two")

    assert fired.summary == "two on twins is the same as one."
    await watching.resolves("two")
    await execute(servers, "DROP TABLE twins")


async def test_an_index_that_could_not_be_built_is_told(servers: Servers) -> None:
    watching = servers.by(eased("invalid-index"))
    await execute(servers, "CREATE TABLE same AS SELECT 1 AS n FROM generate_series(1, 2)")
    with suppress(asyncpg.UniqueViolationError):
        await execute(servers, "CREATE UNIQUE INDEX CONCURRENTLY broken ON same (n)")
    await watching.fires("broken")
    await execute(servers, "DROP INDEX broken")
    await watching.resolves("broken")
    await execute(servers, "DROP TABLE same")


async def test_a_migrated_database_has_nothing_to_tell_of(servers: Servers) -> None:
    keys = ("table-bloat", "dead-rows", "sequence-exhaustion", "duplicate-index", "invalid-index")
    watching = servers.by(*(eased(key) for key in keys))

    assert [await watching.look() for _ in range(2)] == [[], []]
