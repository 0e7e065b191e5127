"""Rules about what a server does, each with its condition on a real one."""

import pytest

from tests.db.cluster.witness import connected
from tests.jobs.alerts.rules.conftest import Servers
from tests.jobs.alerts.rules.watching import eased

pytestmark = pytest.mark.xdist_group("rules")

FLUSH = "SELECT pg_stat_force_next_flush()"


async def test_reading_from_disk_is_told_and_the_worse_alert_explains_the_other(servers: Servers) -> None:
    watching = servers.by(eased("cache-hit-critical"), eased("cache-hit-low"))
    async with connected(servers.url) as connection:
        await connection.execute(
            "CREATE TABLE big AS SELECT n, repeat('x', 1000) AS filler FROM generate_series(1, 50000) AS n"
        )
        await connection.execute(FLUSH)
        await watching.look()
        for _ in range(2):
            await connection.fetchval("SELECT count(filler) FROM big")
        await connection.execute(FLUSH)
        await watching.fires("primary")
        alerts = {alert.rule_key: alert for alert in await watching.look()}
        await connection.execute("DROP TABLE big")

    assert alerts["cache-hit-critical"].muted_by is None
    assert alerts["cache-hit-low"].told_at is None
    await watching.resolves("primary")


async def test_a_slow_query_is_told_and_one_of_monitoring_is_not(servers: Servers) -> None:
    watching = servers.by(eased("slow-query"))
    async with connected(servers.admin_url) as connection:
        await watching.look()
        for _ in range(6):
            await connection.fetchval("SELECT 'somebody''s', pg_sleep(0.12)")
            await connection.fetchval("SELECT count(*), pg_sleep(0.12) FROM pg_stat_activity")
    alerts = [alert for alert in await watching.look() if alert.resolved_at is None]

    assert len(alerts) == 1
    assert "6 calls on primary took" in alerts[0].summary
    assert "somebody" not in alerts[0].summary
    await watching.resolves(alerts[0].subject)


async def test_rollbacks_are_told(servers: Servers) -> None:
    watching = servers.by(eased("rollback-ratio"))
    async with connected(servers.url) as connection:
        await connection.execute(FLUSH)
        await watching.look()
        await connection.execute("SELECT 1;" + "BEGIN; SELECT 1; ROLLBACK;" * 200)
        await connection.execute(FLUSH)
    fired = await watching.fires("primary")

    assert "were rolled back" in fired.summary
    await watching.resolves("primary")


async def test_temporary_files_are_told(servers: Servers) -> None:
    watching = servers.by(eased("temp-files", threshold=1))
    async with connected(servers.url) as connection:
        await watching.look()
        await connection.execute("SET work_mem = '64kB'")
        await connection.fetch("SELECT n FROM generate_series(1, 300000) AS n ORDER BY n % 7, n DESC OFFSET 299999")
        await connection.execute(FLUSH)
    await watching.fires("primary")
    await watching.resolves("primary")


async def test_forced_checkpoints_are_told(servers: Servers) -> None:
    watching = servers.by(eased("checkpoints-forced"))
    await watching.look()
    watching.day_before = watching.before
    async with connected(servers.admin_url) as connection:
        for _ in range(13):
            await connection.execute("SELECT pg_logical_emit_message(false, 'test', 'x')")
            await connection.execute("CHECKPOINT")
    fired = await watching.fires("primary")

    assert fired.value > 50
    watching.day_before = watching.before
    await watching.resolves("primary")
