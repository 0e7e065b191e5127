"""What is killed while a backup is taken."""

import asyncio

import pytest

from db.cluster.desired import Desired
from db.cluster.postmaster import Postmaster
from db.control import OperationState
from jobs import backups
from jobs.backups import BackupState
from jobs.backups.primary import primary
from jobs.site import Site
from jobs.worker.loop import work
from tests import forking
from tests.jobs.backups.doing import ask, back_up, connected, copying, do, files_of, standing_still, until
from tests.jobs.worker.sites import ended


async def test_a_killed_pg_basebackup_leaves_nothing_and_the_next_backup_works(site: Site) -> None:
    operation = await ask(site)
    async with standing_still(site):
        doing = asyncio.create_task(do(site, operation))
        for process in await until(lambda: copying(operation.id)):
            process.kill()
        failed = await doing

    assert failed.state is OperationState.FAILED
    assert "The copying broke off" in str(failed.error)
    assert files_of(site, operation.id) == []
    shown = await backups.by_id(site, operation.id)
    assert shown is not None
    assert (shown.state, shown.error) == (BackupState.FAILED, failed.error)
    assert (await back_up(site)).state is BackupState.VERIFIED


async def test_a_primary_that_dies_fails_the_backup_and_comes_back_as_it_was(site: Site) -> None:
    async with connected(site) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS witness AS SELECT 1 AS number")
    operation = await ask(site)
    directory = site.installation.data_directory(primary(site))
    async with standing_still(site):
        doing = asyncio.create_task(do(site, operation))
        await until(lambda: copying(operation.id))
        postmaster = Postmaster.find(directory)
        assert postmaster is not None
        postmaster.process.kill()
        await until(lambda: not postmaster.alive)
    failed = await doing

    assert failed.state is OperationState.FAILED
    assert "pg_basebackup failed" in str(failed.error)
    assert files_of(site, operation.id) == []
    await until(lambda: (found := Postmaster.find(directory)) and found.accepts_connections)
    async with connected(site) as connection:
        assert await connection.fetchval("SELECT number FROM witness") == 1
    assert (await back_up(site)).state is BackupState.VERIFIED


async def test_a_primary_that_is_away_is_said_in_a_sentence(site: Site) -> None:
    operation = await ask(site)
    directory = site.installation.data_directory(primary(site))
    site.installation.states.change(lambda desired: running(desired, wanted=False))
    await until(lambda: Postmaster.find(directory) is None)

    failed = await do(site, operation)

    site.installation.states.change(lambda desired: running(desired, wanted=True))
    await until(lambda: (found := Postmaster.find(directory)) and found.accepts_connections)
    assert failed.state is OperationState.FAILED
    assert "does not answer" in str(failed.error)


def running(desired: Desired, *, wanted: bool) -> Desired:
    servers = {name: spec.model_copy(update={"running": wanted}) for name, spec in desired.servers.items()}
    return desired.model_copy(update={"servers": servers})


@pytest.mark.long
async def test_a_killed_workers_backup_is_begun_again_by_the_next(site: Site) -> None:
    operation = await ask(site)
    layout, programs = site.installation.layout, site.installation.binaries.directory
    async with standing_still(site):
        worker = await forking.python("-m", "tests.jobs.backups.process", layout.root, programs)
        orphans = await until(lambda: copying(operation.id))
        worker.kill()
        await worker.wait()
    next_worker = asyncio.create_task(work(site, backups.KINDS))
    assert (await ended(site, operation)).state is OperationState.SUCCEEDED
    next_worker.cancel()
    await asyncio.gather(next_worker, return_exceptions=True)

    assert not any(process.is_running() and process.status() != "zombie" for process in orphans)
    backup = await backups.by_id(site, operation.id)
    assert backup is not None
    assert backup.state is BackupState.VERIFIED
    assert {path.name for path in files_of(site, operation.id)} == {backup.id, f"{backup.id}.json"}


async def test_a_stopped_worker_leaves_the_backup_to_the_next(site: Site) -> None:
    operation = await ask(site)
    async with standing_still(site):
        worker = asyncio.create_task(work(site, backups.KINDS))
        processes = await until(lambda: copying(operation.id))
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        assert files_of(site, operation.id) == []
        assert not any(process.is_running() and process.status() != "zombie" for process in processes)

    done = await do(site, operation)

    assert done.state is OperationState.SUCCEEDED
