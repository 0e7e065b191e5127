"""Rules about servers and replication, each with its condition on real servers."""

import asyncio
from datetime import timedelta

import pytest

from db.control import AlertState
from jobs.alerts.rule import DATABASE
from tests.db.cluster.witness import answer, connected, eventually
from tests.jobs.alerts.rules.conftest import Servers
from tests.jobs.alerts.rules.watching import eased

pytestmark = pytest.mark.xdist_group("rules")

BEAT = (
    "INSERT INTO replication_heartbeat (id, beat_at) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat_at = now()"
)
READ = "SELECT bool_and(restart_lsn >= pg_current_wal_lsn()) FROM pg_replication_slots WHERE slot_name <> 'left'"


async def test_a_primary_that_is_away_is_told_and_explains_the_rest(servers: Servers) -> None:
    watching = servers.by(eased("primary-down"), eased("replica-not-streaming"))
    await watching.look()
    await servers.primary.shut()
    fired = await watching.fires(DATABASE)
    await servers.primary.open()

    assert fired.rule_key == "primary-down"
    assert "No server takes writes. primary:" in fired.summary
    await watching.resolves(DATABASE)


async def test_two_servers_that_take_writes_are_told(servers: Servers) -> None:
    watching = servers.by(eased("several-primaries"))
    servers.replica.lead_to(servers.url)
    fired = await watching.fires(DATABASE)

    assert fired.summary == "Servers that take writes: primary, replica."
    servers.primary.lead_to(servers.url)
    await servers.replica.shut()
    await watching.resolves(DATABASE)


async def test_a_replica_that_is_away_is_told(servers: Servers) -> None:
    watching = servers.by(eased("replica-down"))
    await watching.look()
    await servers.replica.shut()
    await watching.fires("replica")
    await servers.replica.open()
    await watching.resolves("replica")


async def test_a_replica_that_receives_nothing_is_told(servers: Servers) -> None:
    watching = servers.by(eased("replica-not-streaming"))
    async with connected(servers.replica_admin_url) as replica:
        await replica.execute("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
        await replica.execute("SELECT pg_reload_conf()")
        fired = await watching.fires("replica")
        await replica.execute("ALTER SYSTEM RESET primary_conninfo")
        await replica.execute("SELECT pg_reload_conf()")

    assert fired.rule_key == "replica-not-streaming"
    await watching.resolves("replica")


async def test_a_replica_that_is_behind_is_told(servers: Servers) -> None:
    watching = servers.by(eased("replication-lag", threshold=0.5))
    async with connected(servers.replica_admin_url) as replica, connected(servers.url) as primary:
        await primary.execute(BEAT)
        await eventually(lambda: answer(servers.replica_admin_url, "SELECT count(*) FROM replication_heartbeat"))
        await replica.execute("SELECT pg_wal_replay_pause()")
        try:
            async with asyncio.timeout(60):
                while not [alert for alert in await watching.look() if alert.state is AlertState.FIRING]:
                    await asyncio.sleep(0.2)
                    await primary.execute(BEAT)
        finally:
            await replica.execute("SELECT pg_wal_replay_resume()")
    await watching.resolves("replica")


async def test_a_slot_that_nobody_reads_is_told(servers: Servers) -> None:
    watching = servers.by(eased("replication-slot-inactive"))
    async with connected(servers.admin_url) as primary:
        await primary.execute("SELECT pg_create_physical_replication_slot('spare', true)")
        try:
            fired = await watching.fires("primary: spare")
        finally:
            await primary.execute("SELECT pg_drop_replication_slot('spare')")

    assert "MiB of WAL are kept" in fired.summary
    await watching.resolves("primary: spare")


async def test_a_slot_whose_wal_is_removed_is_told(servers: Servers) -> None:
    watching = servers.by(eased("replication-slot-lost"))
    async with connected(servers.admin_url) as primary:
        await primary.execute("SELECT pg_create_physical_replication_slot('left', true)")
        await primary.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
        await primary.execute("SELECT pg_reload_conf()")
        try:
            for _ in range(6):
                await primary.execute("SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()")
            await eventually(lambda: primary.fetchval(READ), seconds=60)  # or the replica's slot were lost too
            await primary.execute("CHECKPOINT")
            await watching.fires("primary: left")
        finally:
            await primary.execute("SELECT pg_drop_replication_slot('left')")
            await primary.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
            await primary.execute("SELECT pg_reload_conf()")
    await watching.resolves("primary: left")


async def test_nothing_is_concluded_about_a_replica_that_is_away(servers: Servers) -> None:
    watching = servers.by(eased("connections-high", threshold=0, for_=timedelta(0)))
    await watching.fires("replica")
    await servers.replica.shut()
    for _ in range(4):
        alerts = await watching.look()

    assert {alert.subject: alert.state for alert in alerts}["replica"] is AlertState.FIRING
