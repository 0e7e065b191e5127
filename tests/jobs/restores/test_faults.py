"""Restores from what is damaged, or into what is taken: they fail, say why, and leave the live database alone."""

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from db.control import RestoreRun, RestoreState
from db.repository import Segment, compression
from jobs import restores
from jobs.restores import Target, cutover, places
from tests.jobs.backups.damage import flipped
from tests.jobs.restores.doing import Restorable, discarded, done_now, eventually, failed, reaches, restored, trigger

pytestmark = [pytest.mark.xdist_group("restores"), pytest.mark.long]


@contextmanager
def kept(path: Path) -> Generator[None]:
    """Give a file its content back after the block."""
    content, found = path.read_bytes(), path.stat()
    try:
        yield
    finally:
        path.write_bytes(content)
        os.chown(path, found.st_uid, found.st_gid)


async def written(restorable: Restorable) -> tuple[Segment, datetime]:
    """Write through some segments; return an archived one that has rows in it, and a moment behind it."""
    await restorable.add(1)
    await restorable.execute("SELECT pg_switch_wal()")
    await restorable.add(1000)
    segment = Segment.parse(str(await restorable.value("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")))
    assert segment is not None
    await restorable.execute("SELECT pg_switch_wal()")
    moment = await restorable.add(5)
    await restorable.execute("SELECT pg_switch_wal()")
    await restorable.archived(moment)

    async def archived() -> bool:
        # Another copy that is still to come would mend what a test damages.
        coming = (restorable.incarnation.incoming, restorable.incarnation.stream)
        awaited = any(path.name.startswith(segment.name) for directory in coming for path in directory.iterdir())
        return archive_of(restorable, segment).exists() and not awaited

    await eventually(archived)
    return segment, moment


def archive_of(restorable: Restorable, segment: Segment) -> Path:
    return restorable.incarnation.timeline(segment.timeline) / f"{segment.name}.gz"


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, flip])
async def test_a_damaged_segment_is_named(restorable: Restorable, damage: Callable[[Path], None]) -> None:
    segment, moment = await written(restorable)
    path = archive_of(restorable, segment)

    with kept(path):
        damage(path)
        async with restorable.untouched():
            said = await failed(restorable.site, Target.time(moment))

    assert segment.name in said
    assert "cannot be unpacked" in said


async def test_a_segment_that_only_postgresql_can_tell_is_damaged(restorable: Restorable) -> None:
    segment, moment = await written(restorable)
    path = archive_of(restorable, segment)
    content = bytearray(compression.read(path))
    content[compression.written_bytes(bytes(content)) // 2] ^= 0x10

    with kept(path):
        path.write_bytes(gzip.compress(content, 1))
        async with restorable.untouched():
            said = await failed(restorable.site, Target.time(moment))

    assert said.startswith("Recovery ended at ")
    assert "before its target" in said
    assert "Choose an earlier target" in said


async def test_a_segment_that_is_lost_after_the_plan(restorable: Restorable) -> None:
    segment, moment = await written(restorable)
    path = archive_of(restorable, segment)

    with kept(path):
        async with restorable.untouched():
            async with restorable.without_worker():
                run = await trigger(restorable.site, Target.time(moment))
                path.unlink()
            ended = await reaches(restorable.site, run, RestoreState.FAILED)

    assert f"missing from the archive: {segment.name}" in str(ended.error)


async def test_a_damaged_backup_is_named(restorable: Restorable) -> None:
    latest = await restores.plan(restorable.site, Target.latest())
    assert isinstance(latest, restores.Plan), latest
    data = next(restorable.incarnation.backup(latest.backup.id).glob("base.tar*"))

    with flipped(data, 0.5):
        async with restorable.untouched():
            said = await failed(restorable.site, Target.latest())

    assert latest.backup.id in said
    assert data.name in said


@contextmanager
def read_only(directory: Path) -> Generator[None]:
    """Let a directory be on a disk that takes nothing."""
    for options in (("--bind", directory), ("-o", "remount,ro,bind")):
        done = subprocess.run(["mount", *options, directory], check=False, capture_output=True)  # noqa: S607 - the system's
        if done.returncode != 0:
            pytest.skip("only root may mount disks")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)  # noqa: S607 - the system's


async def test_a_promotion_whose_backup_disk_has_become_read_only(
    restorable: Restorable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutover, "ARCHIVE_SECONDS", 5.0)
    run = await restored(restorable.site, Target.latest())

    async with restorable.untouched():
        with read_only(restorable.site.repository.root):
            asked = await restores.promote(restorable.site, run.id, by="admin")
            assert isinstance(asked, RestoreRun), asked
            run = await reaches(restorable.site, run, RestoreState.READY)
            await restorable.running()
    await discarded(restorable.site, run)

    assert "Promoting would lose the rest, so nothing was changed" in str(run.error)
    assert "`yukyu backup status` says what is wrong with the archive" in str(run.error)


@contextmanager
def a_directory_with_files(place: Path) -> Generator[None]:
    place.mkdir()
    (place / "precious").write_text("kept")
    yield
    assert (place / "precious").read_text() == "kept"
    shutil.rmtree(place)


@contextmanager
def a_directory_of_a_server(place: Path) -> Generator[None]:
    place.mkdir()
    (place / "postmaster.pid").write_text("1\n")
    yield
    assert (place / "postmaster.pid").read_text() == "1\n"
    shutil.rmtree(place)


@contextmanager
def a_link(place: Path) -> Generator[None]:
    elsewhere = place.with_name("elsewhere")
    elsewhere.mkdir()
    place.symlink_to(elsewhere)
    yield
    assert place.is_symlink()
    assert not any(elsewhere.iterdir())
    place.unlink()
    elsewhere.rmdir()


@contextmanager
def a_link_that_leads_nowhere(place: Path) -> Generator[None]:
    place.symlink_to(place.with_name("nowhere"))
    yield
    assert place.is_symlink()
    place.unlink()


@pytest.mark.parametrize("taken", [a_directory_with_files, a_directory_of_a_server, a_link, a_link_that_leads_nowhere])
async def test_a_place_that_is_taken(
    restorable: Restorable, taken: Callable[[Path], AbstractContextManager[None]]
) -> None:
    async with restorable.untouched(), restorable.without_worker():
        run = await trigger(restorable.site, Target.latest())
        place = places.directory_of(restorable.site, run)
        with taken(place):
            ended = await done_now(restorable.site, run)

    assert str(ended.error).startswith(f"{place} is there already")
    assert "only ever goes into a new directory" in str(ended.error)
