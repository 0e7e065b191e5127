import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

from db.control import processes
from db.engines import EngineRole, Engines
from db.health import heartbeat
from db.monitoring.snapshot import Baselines, Server, Snapshot
from jobs.monitoring import processes as reporting
from jobs.monitoring.servers import PAUSED, Servers, Target
from jobs.monitoring.taking import Taking
from jobs.site import Site
from tests.conftest import Database
from tests.jobs.monitoring.conftest import Gated

PATIENCE_SECONDS = 60
# Three are promised; a machine that is busy with other tests is given more.
BOUND_SECONDS = 15


@asynccontextmanager
async def taking(site: Site, **options: object) -> AsyncIterator[Taking]:
    taken = Taking(site, **options)  # pyright: ignore[reportArgumentType]
    try:
        yield taken
    finally:
        taken.close()


async def until(taken: Taking, condition: Callable[[Snapshot], object]) -> Snapshot:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition(found := await taken.take()):  # noqa: ASYNC110 - the event is in a server
            await asyncio.sleep(0.05)
    return found


async def test_a_snapshot_has_both_servers_surveyed_at_once(gated: Gated) -> None:
    async with taking(gated.site) as taken:
        found = await until(
            taken, lambda seen: all(each.statistics and each.statistics.streaming is not False for each in seen.servers)
        )

    assert [(each.name, each.role, each.fault) for each in found.servers] == [
        ("primary", EngineRole.PRIMARY, None),
        ("replica", EngineRole.REPLICA, None),
    ]
    assert all(each.statistics and each.statistics.surveyed_at for each in found.servers)
    assert found.primary is found.servers[0]
    assert found.replicas == found.servers[1:]


async def test_a_survey_is_carried_over_to_the_next_snapshot(gated: Gated) -> None:
    async with taking(gated.site) as taken:
        first = await until(taken, lambda seen: surveyed_at(seen.servers[0]))
        second = await taken.take()

    assert second.taken_at > first.taken_at
    assert surveyed_at(second.servers[0]) == surveyed_at(first.servers[0])


def surveyed_at(server: Server) -> datetime | None:
    return server.statistics.surveyed_at if server.statistics else None


async def test_a_server_that_is_away_is_a_fault_in_words_and_the_other_is_measured(gated: Gated) -> None:
    async with taking(gated.site) as taken:
        await taken.take()
        await gated.primary.shut()
        found = await taken.take()
        await gated.primary.open()
        back = await until(taken, lambda seen: seen.primary)

    assert found.primary is None
    assert found.servers[0].statistics is None
    assert found.servers[0].fault is not None
    assert found.servers[0].fault.endswith(".")
    assert found.replicas[0].statistics is not None
    assert back.servers[0].fault is None


async def test_a_server_that_hangs_holds_a_snapshot_up_for_a_bounded_time(gated: Gated) -> None:
    async with taking(gated.site) as taken:
        await taken.take()
        gated.primary.jam()
        began = monotonic()
        found = await taken.take()
        took = monotonic() - began
        gated.primary.clear()

    assert took < BOUND_SECONDS
    assert found.servers[0].fault == "It did not answer in time."
    assert found.servers[1].statistics is not None


async def test_a_server_that_a_restore_keeps_still_is_not_asked(gated: Gated) -> None:
    gated.site.installation.states.change(lambda before: before.model_copy(update={"paused": ("primary",)}))

    async with taking(gated.site) as taken:
        found = await taken.take()

    assert found.servers[0].fault == PAUSED


async def test_lag_is_told_by_heartbeat_and_by_bytes(database: Database) -> None:
    servers = Servers(lambda: datetime.now(UTC))
    wanted = [
        Target("primary", EngineRole.PRIMARY, database.primary_url),
        Target("replica", EngineRole.REPLICA, database.replica_url),
    ]
    async with Engines.open(database.primary_url) as engines, engines.transaction() as session:
        await heartbeat.beat(session, now=datetime.now(UTC))

    async def caught_up() -> bool:
        read = await servers.read(wanted, now=datetime.now(UTC), until=asyncio.get_running_loop().time() + 30)
        replica = read[1].statistics
        return replica is not None and (replica.lag_seconds, replica.lag_bytes) == (0.0, 0)

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await caught_up():  # noqa: ASYNC110 - the event is in a server
            await asyncio.sleep(0.05)
    alone = await servers.read(
        wanted[1:], now=datetime.now(UTC) + timedelta(hours=1), until=asyncio.get_running_loop().time() + 30
    )
    servers.close()

    assert alone[0].statistics is not None
    assert alone[0].statistics.lag_seconds is not None
    assert 3600 <= alone[0].statistics.lag_seconds < 3700


async def test_disks_are_measured_where_they_are_there(gated: Gated) -> None:
    async with taking(gated.site) as taken:
        found = await taken.take()

    layout = gated.site.installation.layout
    assert [each.path for each in found.disks] == [str(layout.clusters), str(layout.state)]
    assert all(0 < each.free_bytes < each.total_bytes for each in found.disks)


async def test_a_directory_that_is_not_there_is_said_to_be_missing(gated: Gated) -> None:
    layout = gated.site.installation.layout
    layout.clusters.rename(layout.clusters.with_name("away"))
    async with taking(gated.site) as taken:
        found = await taken.take()

    assert found.missing_disks == (str(layout.clusters),)
    assert [each.path for each in found.disks] == [str(layout.state)]


async def test_api_processes_say_what_connections_they_have(gated: Gated, database: Database) -> None:
    site = gated.site
    async with Engines.open(database.primary_url, [database.replica_url]) as engines, taking(site) as taken:
        await engines.read(lambda connection: connection.fetchval("SELECT 1"))
        reporting_now = asyncio.create_task(reporting.keep_reporting(site, engines))
        found = await until(taken, lambda seen: seen.pools)
        reporting_now.cancel()
        await asyncio.gather(reporting_now, return_exceptions=True)
        after = await taken.take()

    assert [each.node for each in found.pools] == [node.name for node in engines.nodes]
    assert found.pools[0].process.endswith(f":{os.getpid()}")
    assert {each.maximum for each in found.pools} == {10}
    assert sum(each.size for each in found.pools) == 1
    assert after.pools == ()


async def test_a_process_that_was_killed_is_forgotten_after_a_minute(gated: Gated) -> None:
    site = gated.site
    async with site.control.transaction() as session:
        await processes.report(session, "gone:1", [], now=site.clock() - timedelta(seconds=61))
    async with site.control.transaction() as session:
        await processes.report(session, "here:2", [], now=site.clock())
        await session.flush()
        everybody = await processes.present(session, now=site.clock() - timedelta(seconds=61))

    assert [each.id for each in everybody] == ["here:2"]


async def test_baselines_are_looked_at_by_whoever_knows_them(gated: Gated) -> None:
    async def look(_: Site) -> Baselines:
        return Baselines(newest_at=None, regressions=())

    async with taking(gated.site, baselines=look) as taken:
        found = await taken.take()

    assert found.baselines == Baselines(newest_at=None, regressions=())


async def test_what_fails_to_be_looked_at_is_unknown(gated: Gated) -> None:
    async def look(_: Site) -> Baselines:
        raise ZeroDivisionError

    async with taking(gated.site, baselines=look) as taken:
        found = await taken.take()

    assert found.baselines is None
    assert found.servers[1].statistics is not None


async def test_without_an_archive_nothing_is_said_of_backups(gated: Gated) -> None:
    async with taking(gated.site) as taken:
        assert (await taken.take()).backups is None
