"""What a snapshot says of backups."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.control import operations
from jobs.archive import archive_status
from jobs.monitoring import backups as seen
from jobs.site import Site
from tests.jobs.backups.doing import ask, back_up

FIRST = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.every_version
async def test_a_snapshot_knows_the_last_backup_and_what_would_be_lost(site: Site) -> None:
    taken = await back_up(site)

    found = await seen.look(site, first_seen_at=FIRST)
    wal = await archive_status(site)

    assert found is not None
    assert found.last_backup_at == taken.finished_at
    assert (found.failed_backup, found.failed_reason) == (None, None)
    # There are some where a test before this one has made them in the archive that all share.
    assert len(found.gaps) == len(wal.gaps)
    assert found.first_seen_at == FIRST
    assert found.rpo_seconds == 300


async def test_a_backup_that_failed_is_told_until_there_is_a_better_one(site: Site) -> None:
    failed = await ask(site)
    async with site.control.transaction() as session:
        await operations.give_up(session, failed.id, "The disk is full.", now=site.clock())

    after_failure = await seen.look(site, first_seen_at=FIRST)
    await back_up(site)
    after_success = await seen.look(site, first_seen_at=FIRST)

    assert after_failure is not None
    assert (after_failure.failed_backup, after_failure.failed_reason) == (failed.id, "The disk is full.")
    assert after_success is not None
    assert after_success.failed_backup is None


async def test_nothing_is_said_where_backups_are_switched_off(site: Site) -> None:
    off = replace(site, installation=replace(site.installation, archive=None))

    assert await seen.look(off, first_seen_at=FIRST) is None
