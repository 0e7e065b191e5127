from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.control import RestoreRun, RestoreState
from db.repository import BackupManifest, Incarnation, Segment
from jobs import backups
from jobs.backups.retention import LAST, oldest_needed, superfluous
from jobs.site import Policy, Site
from tests.jobs.backups.doing import back_up, files_of, incarnation
from tests.jobs.backups.manifests import manifest

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)


def day(number: int) -> datetime:
    return NOW - timedelta(days=number)


def ids(manifests: list[BackupManifest]) -> list[str]:
    return [each.id for each in manifests]


def test_the_newest_chain_before_the_window_is_kept_and_older_ones_go() -> None:
    known = [manifest("a", day(22)), manifest("b", day(15)), manifest("c", day(8)), manifest("d", day(1))]

    assert ids(superfluous(known, since=SINCE)) == ["b", "a"]


def test_nothing_goes_while_no_backup_is_older_than_the_window() -> None:
    assert superfluous([manifest("a", day(6)), manifest("b", day(1))], since=SINCE) == []


def test_a_chain_goes_as_a_whole_the_newest_first() -> None:
    known = [
        manifest("full", day(16)),
        manifest("one", day(15), parent="full"),
        manifest("two", day(14), parent="one"),
        manifest("next", day(9)),
    ]

    assert ids(superfluous(known, since=SINCE)) == ["two", "one", "full"]


def test_a_chain_whose_incremental_ones_reach_into_the_window_stays() -> None:
    known = [manifest("old", day(15)), manifest("full", day(8)), manifest("one", day(2), parent="full")]

    assert ids(superfluous(known, since=SINCE)) == ["old"]


def test_a_damaged_backup_does_not_replace_the_one_before_it() -> None:
    known = [manifest("good", day(15)), manifest("bad", day(8), error="damaged")]

    assert superfluous(known, since=SINCE) == []


def test_a_chain_that_a_restore_works_with_stays() -> None:
    known = [manifest("a", day(22)), manifest("a1", day(21), parent="a"), manifest("b", day(15)), manifest("c", day(8))]

    assert ids(superfluous(known, since=SINCE, needed={"a1"})) == ["b"]


@pytest.fixture
def archive(tmp_path: Path) -> Incarnation:
    """An archive with timeline 2, which left timeline 1 at 0/5000000, and 3, which left it at 0/3000000."""
    made = Incarnation(tmp_path / "1")
    for timeline in (1, 2, 3):
        made.timeline(timeline).mkdir(parents=True)
    made.history(2).write_text("1\t0/5000000\tbefore 2026-11-20\n")
    made.history(3).write_text("1\t0/3000000\tbefore 2026-11-20\n")
    return made


def test_wal_is_kept_from_the_oldest_backup_that_leads_to_each_timeline(archive: Incarnation) -> None:
    kept = [manifest("a", day(8), start_lsn="0/4000028"), manifest("b", day(1), timeline=2, start_lsn="0/6000028")]

    assert oldest_needed(archive, kept, live=2) == {
        1: Segment(1, 4),
        2: Segment(2, 4),
        3: Segment(3, LAST),
    }


def test_the_live_timeline_is_kept_even_when_no_backup_leads_to_it(archive: Incarnation) -> None:
    kept = [manifest("a", day(8), start_lsn="0/4000028")]

    assert 3 not in oldest_needed(archive, kept, live=3)


def test_a_timeline_whose_history_is_missing_is_kept(archive: Incarnation) -> None:
    archive.history(2).unlink()

    assert 2 not in oldest_needed(archive, [manifest("a", day(8))], live=1)


async def test_expired_backups_disappear_from_the_disk_and_their_wal_with_them(site: Site) -> None:
    old, new = await back_up(site), await back_up(site)
    later = Site(
        site.control,
        site.repository,
        site.installation,
        clock=lambda: datetime.now(UTC) + timedelta(days=8),
        policy=Policy(),
    )
    held = incarnation(site).timeline(1)
    held.mkdir(exist_ok=True)
    (held / "000000010000000000000001.gz").touch()

    assert old.id in await backups.expire(later)

    assert files_of(site, old.id) == []
    assert len(files_of(site, new.id)) == 2
    assert not (held / "000000010000000000000001.gz").exists()


async def test_files_without_a_manifest_are_cleared_away(site: Site) -> None:
    for name in ("20200101T000000Z-full-0000", "20200101T000000Z-full-0001.new"):
        (incarnation(site).backups / name).mkdir()
    scratch = site.installation.layout.data_directory("check-20200101T000000Z-full-0002")
    scratch.mkdir()

    await backups.expire(site)

    assert files_of(site, "20200101T000000Z") == []


async def test_a_backup_that_is_being_restored_does_not_expire(site: Site) -> None:
    old = await back_up(site)
    await back_up(site)
    run = RestoreRun(
        id="run",
        state=RestoreState.READY,
        target_kind="latest",
        reason="a test",
        requested_by="admin",
        requested_at=NOW,
        changed_at=NOW,
        backup_id=old.id,
    )
    async with site.control.transaction() as session:
        session.add(run)
    later = Site(site.control, site.repository, site.installation, clock=lambda: datetime.now(UTC) + timedelta(days=8))

    assert old.id not in await backups.expire(later)

    async with site.control.transaction() as session:
        run.state = RestoreState.DISCARDED
        session.add(run)
    assert old.id in await backups.expire(later)
