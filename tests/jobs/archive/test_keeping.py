import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from db.cluster import programs
from db.cluster.desired import Status
from db.repository import SEGMENT_BYTES, Segment, marks
from db.repository.history import Lineage
from db.repository.inventory import Gap, Grade
from db.repository.window import window
from jobs.archive import look
from tests import forking
from tests.db.cluster.witness import eventually
from tests.db.repository.wal import backup
from tests.jobs.archive.conftest import Kept

pytestmark = [pytest.mark.every_version(others="long"), pytest.mark.xdist_group("archive")]

ALONE = Path(__file__).with_name("keeping_alone.py")


async def test_unfinished_segment_is_in_the_repository_within_a_moment(kept: Kept) -> None:
    await kept.holds(await kept.write())


async def test_idle_server_can_be_restored_to_the_last_second(kept: Kept) -> None:
    lsn = await kept.write()

    async def marked() -> bool:
        newest = marks.newest(kept.incarnation)
        return newest is not None and newest.lsn > lsn and kept.inventory().end(newest.timeline) >= newest.lsn

    await eventually(marked)


async def test_finished_segment_comes_by_both_roads_and_is_archived_once(kept: Kept) -> None:
    name = await kept.switch()

    async def handed_over() -> bool:
        done = await kept.say(f"SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name = '{name}.done'")  # noqa: S608
        return done == 1 and not any(kept.incarnation.incoming.iterdir())

    await eventually(handed_over)
    status = await kept.status()
    assert (kept.incarnation.timeline(kept.timeline()) / f"{name}.gz").exists()
    assert list(kept.incarnation.refused.iterdir()) == []
    assert status.last_archived_wal is not None
    assert status.last_archived_wal >= name
    assert (status.pending_segments, status.gaps, status.problems) == (0, [], [])


async def test_first_timeline_is_known_to_be_live(kept: Kept) -> None:
    assert marks.lives(kept.incarnation)[0].timeline == 1


async def test_killed_receiver_is_replaced_and_nothing_is_missing(kept: Kept) -> None:
    [receiver] = kept.receivers()
    receiver.kill()
    lsn = await kept.write()

    await kept.holds(lsn)
    assert [process.pid for process in kept.receivers()] != [receiver.pid]
    assert kept.gaps() == []


async def test_receiver_that_was_killed_while_it_began_a_segment_is_replaced(kept: Kept) -> None:
    """It fills the file with zeros first; one of another size would stop every receiver after it."""
    await kept.stop()
    newest = max(path for path in kept.incarnation.stream.iterdir() if path.suffix == ".partial")
    segment = Segment.parse(newest.stem)
    assert segment is not None
    name = Segment(segment.timeline, segment.number + 1).name
    begun = kept.incarnation.stream / f"{name}.partial"
    begun.write_bytes(bytes(65536))
    kept.site.installation.user.own(begun)
    kept.start()

    await kept.holds(await kept.write())


async def test_receiver_of_a_killed_worker_is_ended_by_the_next(kept: Kept) -> None:
    await kept.stop()
    cluster = kept.cluster
    worker = await forking.python(
        ALONE, cluster.layout.root, cluster.installation.binaries.directory, stdout=subprocess.DEVNULL
    )
    await eventually(kept.receives)
    worker.kill()
    await worker.wait()
    [left] = kept.receivers()
    kept.start()
    lsn = await kept.write()

    async def replaced() -> bool:
        pids = [process.pid for process in kept.receivers()]
        return len(pids) == 1 and pids != [left.pid]

    await eventually(replaced)
    await kept.holds(lsn)
    assert kept.gaps() == []


async def test_lost_slot_is_made_anew_and_the_server_has_brought_what_was_missed(kept: Kept) -> None:
    await kept.stop()

    async def lost() -> bool:
        await kept.switch()
        await kept.say("CHECKPOINT")
        return await kept.say("SELECT wal_status FROM pg_replication_slots") == "lost"

    await eventually(lost)
    status = await kept.status()
    assert status.receiving is False
    assert any("let go of WAL it had not received" in problem for problem in status.problems)
    kept.start()

    await eventually(kept.receives)
    await kept.holds(await kept.write())
    await eventually(lambda: no_gaps(kept))


async def test_removed_segment_is_a_named_gap(kept: Kept) -> None:
    names = [await kept.switch() for _ in range(3)]
    archived = kept.incarnation.timeline(kept.timeline())
    first, middle, last = (archived / f"{name}.gz" for name in names)

    async def handed_over() -> bool:
        waiting = await kept.say("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'")
        received = [path for path in kept.incarnation.stream.iterdir() if Segment.parse(path.name)]
        return waiting == 0 and not received and not any(kept.incarnation.incoming.iterdir())

    await kept.holds(await kept.write())  # received, and not only handed over
    await eventually(handed_over)
    assert first.exists()
    assert middle.exists()
    assert last.exists()
    segment = Segment.parse(names[1])
    assert segment is not None
    manifest = backup("a", 0, 1).model_copy(update=backup_fields(kept))
    manifest.write(kept.incarnation)
    # Where the receiver lost its slot in the middle of it, what it had received is there beside it.
    copies = list(archived.glob(f"{segment.name}*"))
    away = [copy.rename(kept.incarnation.root / copy.name) for copy in copies]
    try:
        status = await kept.status()
        found = window(kept.incarnation, [manifest])
    finally:
        for removed, copy in zip(away, copies, strict=True):
            removed.rename(copy)
        kept.incarnation.manifest("a").unlink()

    assert status.gaps == [Gap(segment.timeline, segment, segment, Grade.LOST)]
    assert any(f"{segment.name} to {segment.name}" in problem for problem in status.problems)
    assert found is None or found.latest.lsn <= segment.start
    await kept.is_well()


async def test_directory_that_cannot_be_written_to_is_said_and_works_again_by_itself(kept: Kept) -> None:
    user = kept.site.installation.user
    if not user.switched:
        pytest.skip("only root can take a directory away from the server")
    incoming = kept.incarnation.incoming
    os.chown(incoming, 0, 0)
    try:
        name = await kept.switch()
        await eventually(lambda: fails(kept))
        status = await kept.status()
        waits = await is_waiting(kept, name)
    finally:
        user.own(incoming)

    assert any(f"{incoming} cannot be written to: make it writable for the user" in each for each in status.problems)
    assert status.failed_count > 0
    assert waits
    await eventually(lambda: nothing_waits(kept))
    await kept.is_well()


async def test_full_disk_is_said_and_works_again_by_itself(kept: Kept) -> None:
    user, incoming = kept.site.installation.user, kept.incarnation.incoming
    options = f"size=8m,uid={user.uid},gid={user.gid},mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", incoming], check=False)  # noqa: ASYNC221, S607 - in a moment
    if mounted.returncode != 0:
        pytest.skip("only root may make a small disk to fill")
    try:
        name = await kept.switch()
        await eventually(lambda: fails(kept))
        status = await kept.status()
        waits = await is_waiting(kept, name)
    finally:
        subprocess.run(["umount", "--lazy", incoming], check=True)  # noqa: ASYNC221, S607 - in a moment

    assert any(f"The disk of {incoming} is full: make room" in problem for problem in status.problems)
    assert waits
    await eventually(lambda: nothing_waits(kept))
    assert kept.gaps() == []
    await kept.is_well()


async def test_status_is_known_while_the_primary_is_away_and_receiving_goes_on_afterwards(kept: Kept) -> None:
    name = await kept.switch()
    archived = kept.incarnation.timeline(kept.timeline()) / f"{name}.gz"
    await eventually(lambda: asyncio.to_thread(archived.exists))
    await kept.holds(await kept.write())
    states = kept.site.installation.states
    states.change(lambda before: before.model_copy(update={"paused": ("primary",)}))
    await eventually(lambda: is_observed(kept, Status.STOPPED))
    try:
        status = await kept.status()
        assert status.receiving is None
        assert status.last_archived_wal is not None
        assert status.last_archived_wal >= name  # a shutdown ends one more
        assert status.gaps == []
    finally:
        states.change(lambda before: before.model_copy(update={"paused": ()}))
        await eventually(kept.receives)

    await kept.holds(await kept.write())
    assert kept.gaps() == []


async def test_promoted_primary_is_followed_to_its_new_timeline(kept: Kept) -> None:
    before = kept.timeline()
    lsn = await kept.write()
    await kept.holds(lsn)

    await promote(kept)

    await eventually(kept.receives)
    after = await kept.write()

    async def follows() -> bool:
        return kept.timeline() == before + 1 and kept.inventory().end(before + 1) >= after

    await eventually(follows)
    lineage = Lineage.read(kept.incarnation, before + 1)
    assert lineage.timeline_at(lsn) == before
    assert marks.lives(kept.incarnation)[-1].timeline == before + 1
    assert kept.gaps() == []
    # What was received of the old timeline's last segment stays, for whoever wants to go back to it.
    last = Segment.of(before, lsn)
    assert kept.inventory().end(before) >= lsn
    assert not (kept.incarnation.stream / f"{last.name}.partial").exists()
    assert list(kept.incarnation.refused.iterdir()) == []


async def promote(kept: Kept) -> None:
    """Let the primary become a standby and be promoted, while its supervisor leaves it alone."""
    installation = kept.site.installation
    place = installation.data_directory(kept.cluster.primary)
    installation.states.change(lambda before: before.model_copy(update={"paused": ("primary",)}))
    await eventually(lambda: is_observed(kept, Status.STOPPED))
    signal_file = place / "standby.signal"
    signal_file.touch()
    installation.user.own(signal_file)
    control = installation.binaries.program("pg_ctl")
    log = installation.layout.server_log("primary") / "promotion.log"
    for arguments in (("start", "-l", log), ("promote",), ("stop", "-m", "fast")):
        await programs.run([control, "-D", place, "-w", *arguments], installation.user)
    installation.states.change(lambda before: before.model_copy(update={"paused": ()}))


def backup_fields(kept: Kept) -> dict[str, object]:
    """Return what makes a manifest that the repository accepts, of a backup in the first segment."""
    first = min(kept.inventory().segments[1])
    return {
        "system_identifier": kept.incarnation.system_identifier,
        "major": kept.site.installation.binaries.major,
        "start_lsn": str(Segment(1, first).start),
        "stop_lsn": str(Segment(1, first).start),
        "compression": "gzip",
        "size_bytes": 1,
        "database_size_bytes": SEGMENT_BYTES,
        "requested_by": "test",
        "verified_at": None,
        "error": None,
        "files": (),
    }


async def no_gaps(kept: Kept) -> bool:
    return kept.gaps() == []


async def test_what_the_primary_says_is_told_when_the_archive_cannot_be_read(kept: Kept) -> None:
    away = kept.incarnation.wal.rename(kept.incarnation.root / "away")
    try:
        kept.incarnation.wal.touch(exist_ok=False)  # nobody can make a directory there meanwhile
        status, inventory = await look(kept.site)
    finally:
        kept.incarnation.wal.unlink()
        away.rename(kept.incarnation.wal)

    assert any("cannot be read" in problem for problem in status.problems)
    assert status.receiving is not None
    assert inventory is None


async def fails(kept: Kept) -> bool:
    failing = "SELECT failed_count > 0 AND last_failed_time > coalesce(last_archived_time, '-infinity')"
    return bool(await kept.say(f"{failing} FROM pg_stat_archiver"))


async def is_waiting(kept: Kept, name: str) -> bool:
    return bool(await kept.say(f"SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name = '{name}.ready'"))  # noqa: S608


async def nothing_waits(kept: Kept) -> bool:
    """Ask, and end a segment: the server tries again at once then, and within a minute otherwise."""
    if await kept.say("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'") == 0:
        return True
    await kept.switch()
    return False


async def is_observed(kept: Kept, status: Status) -> bool:
    observed = kept.site.installation.states.observed("primary")
    return observed is not None and observed.status is status
