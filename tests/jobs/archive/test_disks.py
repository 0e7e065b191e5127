"""A backup disk that is full, or read-only, as a whole: what is received, collected and marked is on it."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.cluster import Binaries
from tests.db.cluster.witness import eventually
from tests.jobs.archive.conftest import Kept, kept_in
from tests.jobs.archive.test_keeping import fails, nothing_waits

pytestmark = [pytest.mark.xdist_group("archive"), pytest.mark.long]

# Room for what is received, handed over and archived at a time.
DISK = "size=96m,mode=711"
PATIENCE_SECONDS = 60


@contextmanager
def mounted(place: Path, *options: str) -> Generator[None]:
    done = subprocess.run(["mount", *options, place], check=False, capture_output=True)  # noqa: S607 - the system's
    if done.returncode != 0:
        pytest.skip("only root may mount disks")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)  # noqa: S607 - the system's


@pytest.fixture(scope="module")
async def kept(scratch: Path, binaries: Binaries) -> AsyncIterator[Kept]:
    """A primary whose backup disk is small."""
    home = scratch / "small-disk"
    (home / "backups").mkdir(parents=True)
    home.chmod(0o711)
    with mounted(home / "backups", "-t", "tmpfs", "-o", DISK, "tmpfs"):
        async with kept_in(home, binaries) as found:
            yield found


async def test_full_backup_disk_is_said_and_nothing_is_missing_afterwards(kept: Kept) -> None:
    filler = fill(kept.site.repository.root)
    try:
        await kept.switch()
        await kept.switch()
        await eventually(lambda: fails(kept))
        status = await kept.status()
    finally:
        filler.unlink()

    assert any("is full: make room" in problem for problem in status.problems)
    await well_again(kept)


async def test_read_only_backup_disk_is_said_and_nothing_is_missing_afterwards(kept: Kept) -> None:
    root = kept.site.repository.root
    with mounted(root, "--bind", str(root)):
        subprocess.run(["mount", "-o", "remount,ro,bind", root], check=True)  # noqa: ASYNC221, S607 - in a moment
        await kept.switch()
        await kept.switch()
        await eventually(lambda: fails(kept))
        status = await kept.status()

    assert any("is read-only: find out why" in problem for problem in status.problems)
    await well_again(kept)


async def well_again(kept: Kept) -> None:
    """Wait until everything is, with nobody doing anything about it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await nothing_waits(kept):  # noqa: ASYNC110 - each time it ends a segment, and the server tries again
            await asyncio.sleep(1)
    await eventually(kept.receives)
    await kept.holds(await kept.write())
    await kept.is_well()
    assert kept.gaps() == []
    assert list(kept.incarnation.refused.iterdir()) == []


def fill(directory: Path) -> Path:
    """Take up all the room there is."""
    filler = directory / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                os.write(file.fileno(), bytes(65536))
        except OSError:
            return filler
