import pytest

from db.control import OperationState
from db.repository import BackupKind, BackupManifest
from jobs import backups
from jobs.backups import BackupState, chain, wal
from jobs.backups.requests import INCREMENTAL_SINCE
from jobs.refusal import Refusal
from jobs.site import Site
from tests.jobs.backups.doing import ask, back_up, connected, do, files_of, incarnation


@pytest.mark.every_version
async def test_a_full_backup_is_verified_and_has_its_wal(site: Site) -> None:
    backup = await back_up(site)

    assert (backup.state, backup.kind, backup.parent_id) == (BackupState.VERIFIED, BackupKind.FULL, None)
    assert backup.size_bytes
    assert backup.database_size_bytes
    assert backup.size_bytes < backup.database_size_bytes
    manifest = BackupManifest.read(incarnation(site), backup.id)
    assert manifest is not None
    assert manifest.started_at < manifest.finished_at
    assert wal.gaps(incarnation(site), manifest) == []
    assert {path.name for path in files_of(site, backup.id)} == {backup.id, f"{backup.id}.json"}


@pytest.mark.every_version
async def test_an_incremental_backup_holds_what_has_changed(site: Site) -> None:
    full = await back_up(site)
    if site.installation.binaries.major < INCREMENTAL_SINCE:
        refusal = await backups.request(site, BackupKind.INCREMENTAL, by="admin")
        assert isinstance(refusal, Refusal)
        assert refusal.code == "NOT_SUPPORTED"
        return
    async with connected(site) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS added AS SELECT generate_series(1, 1000) AS number")

    incremental = await back_up(site, BackupKind.INCREMENTAL)

    assert (incremental.state, incremental.parent_id) == (BackupState.VERIFIED, full.id)
    assert full.size_bytes
    assert incremental.size_bytes
    assert incremental.size_bytes < full.size_bytes / 5
    assert [manifest.id for manifest in chain(incarnation(site), incremental.id)] == [full.id, incremental.id]


async def test_a_backup_is_asked_for_once_at_a_time(site: Site) -> None:
    waiting = await ask(site)

    refusal = await backups.request(site, BackupKind.FULL, by="operator")

    assert isinstance(refusal, Refusal)
    assert refusal.code == "BACKUP_RUNNING"
    assert waiting.id in refusal.message
    running = await backups.by_id(site, waiting.id)
    assert running is not None
    assert running.state is BackupState.RUNNING
    await do(site, waiting)


async def test_a_backup_that_was_taken_before_its_worker_died_is_not_taken_again(site: Site) -> None:
    backup = await back_up(site)
    operation = await ask(site)
    manifest = BackupManifest.read(incarnation(site), backup.id)
    assert manifest is not None
    taken = manifest.model_copy(update={"id": operation.id})
    taken.write(incarnation(site))

    done = await do(site, operation)

    assert done.state is OperationState.SUCCEEDED
    assert BackupManifest.read(incarnation(site), operation.id) == taken
    incarnation(site).manifest(operation.id).unlink()


async def test_a_database_with_tablespaces_of_its_own_is_not_backed_up(site: Site) -> None:
    place = site.installation.layout.clusters / "elsewhere"
    place.mkdir(mode=0o700)
    site.installation.user.own(place)
    async with connected(site) as connection:
        await connection.execute(f"CREATE TABLESPACE elsewhere LOCATION '{place}'")
        failed = await do(site, await ask(site))
        await connection.execute("DROP TABLESPACE elsewhere")

    assert failed.state is OperationState.FAILED
    assert "tablespaces" in str(failed.error)
    assert files_of(site, failed.id) == []
