import signal
from pathlib import Path

import pytest

from db.cluster import EmbeddedCluster
from db.cluster.desired import Desired, States, Status
from tests.db.cluster.witness import answer, connected, eventually, postmaster

pytestmark = pytest.mark.every_version(others="long")

# One that cannot go on streams too, for a moment at a time.
SEGMENT_LETTERS = 24
STREAMING = """
    SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn >= pg_current_wal_lsn()
"""


async def test_killed_primary_is_restarted_with_all_that_was_acknowledged(victim: EmbeddedCluster) -> None:
    async with connected(victim.primary_url) as connection:
        await connection.execute("CREATE TABLE before_death AS SELECT generate_series(1, 1000) AS n")
    killed = postmaster(victim, "primary")

    killed.signal(signal.SIGKILL)

    await eventually(lambda: answer(victim.primary_url, "SELECT count(*) = 1000 FROM before_death"))
    assert postmaster(victim, "primary").pid != killed.pid
    await recovered(victim)
    async with connected(victim.primary_url) as connection:
        await connection.execute("DROP TABLE before_death")


async def test_killed_replica_is_restarted_and_follows_again(victim: EmbeddedCluster) -> None:
    killed = postmaster(victim, "replica")

    killed.signal(signal.SIGKILL)
    async with connected(victim.primary_url) as connection:
        await connection.execute("CREATE TABLE while_away AS SELECT 42 AS n")

    await eventually(lambda: answer(victim.replica_url, "SELECT n FROM while_away"))
    assert postmaster(victim, "replica").pid != killed.pid
    async with connected(victim.primary_url) as connection:
        await connection.execute("DROP TABLE while_away")


async def test_replica_that_missed_too_much_is_cloned_anew(victim: EmbeddedCluster) -> None:
    inode = victim.layout.data_directory("replica").stat().st_ino
    await rest(victim, "replica")
    await forget_wal(victim)
    assert await answer(victim.admin_url, "SELECT wal_status FROM pg_replication_slots") == "lost"

    wake(victim, "replica")

    await recovered(victim)
    assert victim.layout.data_directory("replica").stat().st_ino != inode
    assert await answer(victim.admin_url, "SELECT wal_status FROM pg_replication_slots") == "reserved"


async def test_replica_whose_slot_and_wal_are_gone_is_cloned_anew(victim: EmbeddedCluster) -> None:
    await rest(victim, "replica")
    async with connected(victim.admin_url) as connection:
        await connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
    await forget_wal(victim)

    wake(victim, "replica")

    await recovered(victim)


@pytest.mark.long
async def test_replica_that_waits_in_vain_before_it_answers_is_cloned_anew(victim: EmbeddedCluster) -> None:
    replica = victim.layout.data_directory("replica")
    async with connected(victim.admin_url) as connection:
        await connection.execute("CREATE TABLE between AS SELECT 1 AS n; CHECKPOINT")
        for _ in range(3):
            await connection.execute("INSERT INTO between VALUES (1)")
            await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("DROP TABLE between")
    await recovered(victim)
    inode = replica.stat().st_ino
    await rest(victim, "replica")
    *_, middle, _ = sorted(path for path in (replica / "pg_wal").iterdir() if len(path.name) == SEGMENT_LETTERS)
    middle.unlink()
    await forget_wal(victim)

    wake(victim, "replica")

    await recovered(victim)
    assert replica.stat().st_ino != inode


async def test_replica_whose_slot_alone_is_gone_gets_another_and_is_not_cloned(victim: EmbeddedCluster) -> None:
    inode = victim.layout.data_directory("replica").stat().st_ino
    await rest(victim, "replica")
    async with connected(victim.admin_url) as connection:
        await connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")

    wake(victim, "replica")

    await recovered(victim)
    assert victim.layout.data_directory("replica").stat().st_ino == inode


@pytest.mark.parametrize("lost", ["global/pg_control", "PG_VERSION", "global/pg_filenode.map"])
async def test_damaged_replica_is_cloned_anew(victim: EmbeddedCluster, lost: str) -> None:
    await rest(victim, "replica")
    (victim.layout.data_directory("replica") / lost).unlink()

    wake(victim, "replica")

    await recovered(victim)


async def test_new_settings_reach_a_server_by_a_restart(victim: EmbeddedCluster) -> None:
    def set_work_mem(desired: Desired) -> Desired:
        replica = desired.servers["replica"]
        changed = replica.model_copy(update={"settings": {**replica.settings, "work_mem": "9MB"}})
        return desired.model_copy(update={"servers": {**desired.servers, "replica": changed}})

    States(victim.layout.state).change(set_work_mem)

    await eventually(lambda: answer(victim.replica_url, "SELECT current_setting('work_mem') = '9MB'"))
    await recovered(victim)


async def recovered(cluster: EmbeddedCluster) -> None:
    await eventually(lambda: answer(cluster.admin_url, STREAMING))
    await eventually(lambda: answer(cluster.replica_url, "SELECT pg_is_in_recovery()"))


async def rest(cluster: EmbeddedCluster, server: str) -> None:
    """Ask for a server to be stopped, and wait until it is."""
    states = States(cluster.layout.state)
    states.change(lambda desired: running(desired, server, value=False))

    async def stopped() -> bool:
        observed = states.observed(server)
        return observed is not None and observed.status is Status.STOPPED

    await eventually(stopped)


def wake(cluster: EmbeddedCluster, server: str) -> None:
    States(cluster.layout.state).change(lambda desired: running(desired, server, value=True))


def running(desired: Desired, server: str, *, value: bool) -> Desired:
    spec = desired.servers[server].model_copy(update={"running": value})
    return desired.model_copy(update={"servers": {**desired.servers, server: spec}})


async def forget_wal(cluster: EmbeddedCluster) -> None:
    """Make the primary write, and forget, more WAL than it keeps for a replica that is away."""
    oldest = oldest_segment(cluster.layout.data_directory("primary"))
    async with connected(cluster.admin_url) as connection:
        for _ in range(4):
            await connection.execute("CREATE TABLE noise AS SELECT 1; DROP TABLE noise")
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")
    assert oldest_segment(cluster.layout.data_directory("primary")) > oldest


def oldest_segment(data_directory: Path) -> str:
    return min(path.name for path in (data_directory / "pg_wal").iterdir() if len(path.name) == 24)
