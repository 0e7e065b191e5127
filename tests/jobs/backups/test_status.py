"""What is said of backups, and what to do about it."""

import asyncio
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.repository import BackupManifest
from jobs import archive, backups
from jobs.backups import Backup, BackupStatus, problems
from jobs.backups.objectives import compare
from jobs.health.outcome import HealthStatus
from jobs.site import Policy, Site
from jobs.worker.leader import leading_now
from tests.jobs.backups.doing import PATIENCE_SECONDS, back_up, forget, forget_all, incarnation
from tests.jobs.backups.manifests import manifest

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


async def without_problems(site: Site) -> BackupStatus:
    """Return the status once nothing is wrong any more, or fail with what still is."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while (found := await backups.status(site)).problems and time.monotonic() < patience:  # noqa: ASYNC110 - see `until`
        await asyncio.sleep(0.1)
    assert found.problems == []
    return found


def said_of(manifests: Sequence[BackupManifest], others: Sequence[Backup] = ()) -> list[str]:
    listed = sorted([*others, *map(Backup.of_manifest, manifests)], key=lambda backup: backup.started_at, reverse=True)
    return list(problems.of_backups(listed, manifests, NOW))


def test_a_fresh_verified_backup_is_no_problem() -> None:
    assert said_of([manifest("a", NOW - timedelta(hours=25))]) == []


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (None, "There is no backup yet: take one with `yukyu backup create`."),
        (manifest("a", NOW - timedelta(hours=30)), "The newest backup is 30 hours old"),
        (manifest("a", NOW, verified=False), "run `yukyu backup verify a`"),
        (manifest("a", NOW, error="The backup a is damaged."), "The backup a is damaged. Take a new full backup"),
    ],
)
def test_each_problem_says_what_to_do(known: BackupManifest | None, sentence: str) -> None:
    (said,) = said_of([known] if known else [])

    assert sentence in said


def test_a_failed_backup_is_a_problem_until_the_next_one() -> None:
    good, next_one = manifest("a", NOW - timedelta(hours=3)), manifest("c", NOW)
    failed = Backup(
        id="b",
        kind=backups.BackupKind.FULL,
        state=backups.BackupState.FAILED,
        started_at=NOW - timedelta(hours=1),
        error="The disk is full.",
        requested_by="admin",
    )

    assert said_of([good], [failed]) == [
        "The last backup failed: The disk is full. Take another one with `yukyu backup create`."
    ]
    assert said_of([good, next_one], [failed]) == []


def test_a_damaged_backup_asks_for_a_new_one_only_until_that_is_taken() -> None:
    damaged = manifest("a", NOW - timedelta(hours=3), error="The backup a is damaged.")

    (said,) = said_of([damaged, manifest("b", NOW)])

    assert said.startswith("The backup a is damaged. A full backup has been taken since")


def test_an_untried_restore_is_a_problem_after_a_week() -> None:
    known = [manifest("a", NOW - timedelta(days=9))]

    assert list(problems.of_drills(known, NOW - timedelta(days=7), NOW)) == []
    assert "No restore has been tried for 9 days" in next(problems.of_drills(known, None, NOW))


def test_objectives_are_not_met_while_nothing_can_be_restored() -> None:
    assert not compare(Policy(), NOW, [], None, None).met


@pytest.mark.every_version(others="long")
async def test_without_worker_and_receiver_the_status_says_what_to_start(site: Site) -> None:
    await back_up(site)

    found = await backups.status(site)

    assert found.status is not HealthStatus.HEALTHY
    assert any("No worker runs" in problem for problem in found.problems)
    assert any("Nobody receives WAL as it is written" in problem for problem in found.problems)
    assert found.last_backup is not None
    assert found.total_size_bytes >= (found.last_backup.size_bytes or 0) > 0
    assert found.next_backup_at is not None
    assert found.next_backup_at > datetime.now(UTC)
    assert found.objectives.window_days == 7
    async with leading_now(site.installation.states.directory):
        assert not any("No worker runs" in problem for problem in (await backups.status(site)).problems)


async def test_a_kept_archive_makes_the_status_healthy(site: Site) -> None:
    await forget_all(site)  # other tests leave damaged backups and gaps, of which there is always something to say
    await back_up(site)
    keeping = asyncio.create_task(archive.keep(site))
    try:
        async with leading_now(site.installation.states.directory):
            found = await without_problems(site)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    assert found.status is HealthStatus.HEALTHY
    assert found.window is not None
    assert found.window.earliest <= found.window.latest
    assert found.objectives.met
    assert found.objectives.rpo_seconds_now is not None
    assert found.objectives.rpo_seconds_now < 10


async def test_a_backup_without_any_commit_behind_it_is_no_silent_trouble(site: Site) -> None:
    kept = incarnation(site).marks.rename(incarnation(site).root / "away")
    try:
        incarnation(site).create(site.installation.user)
        await back_up(site)
        found = await backups.status(site)
    finally:
        shutil.rmtree(incarnation(site).marks)
        kept.rename(incarnation(site).marks)

    assert found.status is HealthStatus.DOWN
    assert any("Nothing can be restored yet" in problem for problem in found.problems)


async def test_backups_that_are_gone_and_did_not_expire_are_told_even_when_there_is_a_new_one(site: Site) -> None:
    await forget_all(site)
    lost = await back_up(site)
    forget(site)
    await back_up(site)

    (said,) = [problem for problem in (await backups.status(site)).problems if "any more" in problem]

    assert f"not in {site.repository.root} any more, such as {lost.id}" in said
    assert "mount it" in said


async def test_backups_that_expired_are_not_missed(site: Site) -> None:
    await forget_all(site)
    for _ in range(2):
        await back_up(site)
    later = replace(site, clock=lambda: datetime.now(UTC) + timedelta(days=8))
    assert await backups.expire(later)

    assert not any("any more" in problem for problem in (await backups.status(later)).problems)


async def test_before_the_first_backup_nothing_can_be_restored(site: Site) -> None:
    forget(site)

    found = await backups.status(site)

    assert found.status is HealthStatus.DOWN
    assert found.window is None
    assert any("There is no backup yet" in problem for problem in found.problems)
