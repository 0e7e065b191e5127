"""Backup disks that are full, about to be, or read-only."""

import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.backups.errors import NoSpaceError
from db.control import OperationState
from jobs.backups import BackupState, chain, discard, space, unpack
from jobs.site import Site
from tests.jobs.backups.doing import ask, back_up, connected, do, files_of, incarnation


@contextmanager
def mounted(place: Path, site: Site, mebibytes: int, *, mode: str = "rw") -> Generator[Path]:
    """Mount a small file system in memory over a directory of the servers' user."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or unmount is None:
        pytest.skip("only root can mount a small disk")
    user = site.installation.user
    options = f"{mode},size={mebibytes}m,mode=0700,uid={user.uid},gid={user.gid}"
    done = subprocess.run([mount, "-t", "tmpfs", "-o", options, "tmpfs", place], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("mounting is forbidden here")
    try:
        yield place
    finally:
        subprocess.run([unmount, place], check=True)


@pytest.fixture
def small_disk(site: Site) -> Iterator[Path]:
    """A disk of a few megabytes in the place where backups are kept."""
    with mounted(incarnation(site).backups, site, 3) as place:
        yield place


@pytest.fixture
def small_clusters_disk(site: Site) -> Iterator[Path]:
    place = site.installation.layout.data_directory("small")
    place.mkdir()
    with mounted(place, site, 8):
        yield place
    place.rmdir()


async def test_a_backup_that_does_not_fit_is_not_begun(site: Site, small_disk: Path) -> None:
    failed = await do(site, await ask(site))

    assert failed.state is OperationState.FAILED
    assert "needs about" in str(failed.error)
    assert "Make room" in str(failed.error)
    assert list(small_disk.iterdir()) == []


async def test_a_disk_that_fills_up_meanwhile_fails_the_backup_and_nothing_else(
    site: Site, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "FIRST", dict.fromkeys(space.FIRST, 0.0))

    failed = await do(site, await ask(site))

    assert failed.state is OperationState.FAILED
    assert f"The disk of {small_disk} is full." in str(failed.error)
    assert list(small_disk.iterdir()) == []


async def test_a_read_only_disk_fails_the_backup_and_nothing_else(site: Site) -> None:
    with mounted(incarnation(site).backups, site, 64, mode="ro"):
        failed = await do(site, await ask(site))

    assert failed.state is OperationState.FAILED
    assert "Read-only file system" in str(failed.error)
    async with connected(site) as connection:
        assert await connection.fetchval("SELECT pg_is_in_recovery()") is False


async def test_after_a_full_disk_the_next_backup_works(site: Site) -> None:
    backup = await back_up(site)

    assert backup.state is BackupState.VERIFIED
    assert len(files_of(site, backup.id)) == 2


async def test_unpacking_onto_a_full_disk_says_so(site: Site, small_clusters_disk: Path) -> None:
    backup = await back_up(site)
    place = small_clusters_disk / "unpacked"

    with pytest.raises(NoSpaceError, match="is full"):
        await unpack(site, chain(incarnation(site), backup.id), place)

    await discard(place)
