"""Backups of a database file: whole, checked, kept as long as the window, and put back."""

import asyncio
from contextlib import closing
from datetime import timedelta

import pytest

from db.control import OperationState
from db.errors import NotFoundError
from db.fallback import opening
from db.fallback.backups import DamagedCopyError
from db.repository import BackupKind, BackupManifest
from jobs import backups
from jobs.backups import BackupState
from jobs.fallback import backups as of_file
from jobs.fallback.site import FileSite
from jobs.health import HealthStatus
from jobs.refusal import Refusal
from jobs.worker import loop
from tests.jobs.fallback.conftest import Clock


async def taken(site: FileSite) -> str:
    """Take a backup as the worker would and return its id."""
    asked = await backups.request(site, BackupKind.FULL, by="a test")
    assert not isinstance(asked, Refusal)
    done = await loop.run_now(site, asked, of_file.KINDS)
    assert done.state is OperationState.SUCCEEDED, done.error
    return done.id


def rows(site: FileSite) -> int:
    with closing(opening.connect(site.file)) as connection:
        return connection.execute("SELECT count(*) FROM staff").fetchone()[0]


def add(site: FileSite, number: int) -> None:
    with closing(opening.connect(site.file)) as connection:
        connection.execute("INSERT INTO staff (employee_num, name) VALUES (?, '新 人')", (f"N{number}",))


async def test_a_backup_says_what_it_holds_and_is_verified(site: FileSite) -> None:
    backup_id = await taken(site)

    found = await backups.by_id(site, backup_id)
    incarnation = site.incarnation()
    assert incarnation is not None
    manifest = BackupManifest.read(incarnation, backup_id)
    assert found is not None
    assert manifest is not None
    assert found.state is BackupState.VERIFIED
    assert manifest.rows is not None
    assert manifest.rows["staff"] == 20


async def test_a_backup_is_of_one_moment_while_others_write(site: FileSite) -> None:
    async def write() -> None:
        for number in range(60):
            await asyncio.to_thread(add, site, number)

    writing = asyncio.create_task(write())
    ids = [await taken(site) for _ in range(3)]
    await writing

    incarnation = site.incarnation()
    assert incarnation is not None
    manifests = [BackupManifest.read(incarnation, each) for each in ids]
    held = [each.rows["staff"] for each in manifests if each and each.rows]
    assert len(held) == 3
    assert held == sorted(held)
    assert rows(site) == 80


async def test_a_backup_is_put_back_and_that_is_undone(site: FileSite) -> None:
    backup_id = await taken(site)
    add(site, 1)
    with closing(opening.connect(site.file, read_only=True)) as reader:
        reader.execute("SELECT count(*) FROM staff").fetchone()

        before, sound = await of_file.put_back(site, backup_id, by="a test")

        assert reader.execute("SELECT count(*) FROM staff").fetchone() == (20,)
    assert sound.rows["staff"] == rows(site) == 20
    assert before is not None

    await of_file.put_back(site, before, by="a test")

    assert rows(site) == 21


async def test_a_backup_is_put_back_where_the_file_is_lost(site: FileSite) -> None:
    backup_id = await taken(site)
    for suffix in ("", "-wal", "-shm"):
        site.file.with_name(site.file.name + suffix).unlink(missing_ok=True)

    before, _ = await of_file.put_back(site, backup_id, by="a test")

    assert before is None
    assert rows(site) == 20


async def test_a_flipped_bit_is_found_and_nothing_is_put_back_of_it(site: FileSite) -> None:
    backup_id = await taken(site)
    incarnation = site.incarnation()
    assert incarnation is not None
    stored = incarnation.backup(backup_id) / "database.db.gz"
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    add(site, 1)

    with pytest.raises(DamagedCopyError, match="not what was stored"):
        await of_file.put_back(site, backup_id, by="a test")
    asked = await backups.request_verification(site, backup_id, by="a test")
    assert not isinstance(asked, Refusal)
    done = await loop.run_now(site, asked, of_file.KINDS)

    assert rows(site) == 21
    assert done.state is OperationState.FAILED
    assert (await backups.listing(site))[0].state is BackupState.FAILED
    assert (await backups.status(site)).status is HealthStatus.DOWN


async def test_a_damaged_database_is_no_backup(site: FileSite) -> None:
    with closing(opening.connect(site.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with site.file.open("r+b") as file:
        file.seek(4096 * 6)
        file.write(b"\xff" * 4096)
    asked = await backups.request(site, BackupKind.FULL, by="a test")
    assert not isinstance(asked, Refusal)

    done = await loop.run_now(site, asked, of_file.KINDS)

    assert done.state is OperationState.FAILED
    assert "damaged" in (done.error or "") or "malformed" in (done.error or "")
    incarnation = site.incarnation()
    assert incarnation is None or BackupManifest.all(incarnation) == []


async def test_backups_older_than_the_window_go_but_the_one_that_leads_into_it(site: FileSite, clock: Clock) -> None:
    ids: list[str] = []
    for _ in range(10):
        ids.append(await taken(site))
        clock.now += timedelta(days=1)

    incarnation = site.incarnation()
    assert incarnation is not None
    kept = [each.id for each in BackupManifest.all(incarnation)]
    # The last was taken on the tenth day: seven days back there is the third, and it leads into the window.
    assert kept == ids[2:]


async def test_the_first_backup_is_asked_for_at_once_and_no_second(site: FileSite) -> None:
    first = next(each for each in of_file.schedule(site.policy) if each.at_first)

    asked = await first.request(site)
    assert asked is not None
    await loop.run_now(site, asked, of_file.KINDS)

    assert await first.request(site) is None


async def test_what_is_no_backup_is_not_put_back(site: FileSite) -> None:
    with pytest.raises(NotFoundError, match="no finished backup"):
        await of_file.put_back(site, "none", by="a test")


async def test_status_says_that_there_is_no_moment_between_backups(site: FileSite) -> None:
    await taken(site)

    status = await backups.status(site)

    assert status.status is HealthStatus.DEGRADED
    assert status.window is None
    assert any("PostgreSQL" in problem for problem in status.problems)
