"""Backups that are looked at again after a disk has lost something of them."""

import pytest

from db.control import Operation, OperationState
from db.lsn import Lsn
from db.repository import BackupKind, BackupManifest, Segment
from db.repository.collect import collect
from jobs import backups
from jobs.backups import Backup, BackupState
from jobs.refusal import Refusal
from jobs.site import Site
from tests.jobs.backups.damage import cut_short, flipped
from tests.jobs.backups.doing import back_up, do, incarnation, verified


async def found(site: Site, backup_id: str) -> Backup:
    backup = await backups.by_id(site, backup_id)
    assert backup is not None
    return backup


@pytest.mark.every_version(others="long")
async def test_a_good_backup_is_verified_again(site: Site) -> None:
    before = await back_up(site)

    done = await verified(site, before.id)

    after = await found(site, before.id)
    assert done.state is OperationState.SUCCEEDED, done.error
    assert after.state is BackupState.VERIFIED
    assert after.verified_at
    assert before.verified_at
    assert after.verified_at > before.verified_at


@pytest.mark.every_version(others="long")
async def test_a_flipped_bit_fails_the_backup_until_it_is_good_again(site: Site) -> None:
    backup = await back_up(site)
    file = next(incarnation(site).backup(backup.id).glob("base.tar*"))
    with flipped(file, 0.5):
        failed = await verified(site, backup.id)
        damaged = await found(site, backup.id)
        chosen = await backups.request(site, BackupKind.INCREMENTAL, by="admin")

    assert failed.state is OperationState.FAILED
    assert f"The backup {backup.id} is damaged: its file {file.name}" in str(failed.error)
    assert damaged.state is BackupState.FAILED
    assert damaged.error
    assert damaged.verified_at == backup.verified_at
    if isinstance(chosen, Operation):  # an older one is good
        assert (await do(site, chosen)).state is OperationState.SUCCEEDED
        newest = await found(site, chosen.id)
        assert newest.parent_id != backup.id
    assert (await verified(site, backup.id)).state is OperationState.SUCCEEDED
    assert (await found(site, backup.id)).state is BackupState.VERIFIED


async def test_a_damaged_full_backup_fails_the_incremental_one_that_builds_on_it(site: Site) -> None:
    full = await back_up(site)
    incremental = await back_up(site, BackupKind.INCREMENTAL)
    with flipped(next(incarnation(site).backup(full.id).glob("base.tar*")), 0.9):
        failed = await verified(site, incremental.id)

    assert failed.state is OperationState.FAILED
    assert full.id in str(failed.error)
    await verified(site, incremental.id)


async def test_damaged_wal_of_a_backup_is_named(site: Site) -> None:
    backup = await back_up(site)
    manifest = BackupManifest.read(incarnation(site), backup.id)
    assert manifest is not None
    segment = Segment.of(manifest.timeline, Lsn.parse(manifest.start_lsn))
    collect(incarnation(site), site.installation.user)
    path = incarnation(site).timeline(segment.timeline) / f"{segment.name}.gz"
    with flipped(path, 0.0):  # further on it is zeros, which a flipped bit may leave zeros
        failed = await verified(site, backup.id)
    with cut_short(path):
        failed_too = await verified(site, backup.id)

    for done in (failed, failed_too):
        assert done.state is OperationState.FAILED
        assert f"its WAL segment {segment.name} is not usable ({path} is damaged)" in str(done.error)
    assert (await verified(site, backup.id)).state is OperationState.SUCCEEDED


async def test_a_backup_that_is_not_there_is_refused(site: Site) -> None:
    refusal = await backups.request_verification(site, "20200101T000000Z-full-0000", by="admin")

    assert isinstance(refusal, Refusal)
    assert refusal.code == "UNKNOWN_BACKUP"
