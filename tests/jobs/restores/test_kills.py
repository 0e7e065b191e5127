"""Workers that are killed in the middle of a restore, a promotion or a rollback: the next one goes on, or undoes it."""

import asyncio
import signal

import pytest

from db.control import OperationState, RestoreRun, RestoreState
from jobs import restores
from jobs.restores import Target, runs
from tests import forking
from tests.jobs.restores.doing import (
    Restorable,
    discarded,
    no_backup_runs,
    promoted,
    reaches,
    restored,
    trigger,
)

pytestmark = pytest.mark.long

# In two groups, so that two workers can be at them, each with an installation of its own.
RESTORES = pytest.mark.xdist_group("kills of restores")
PROMOTIONS = pytest.mark.xdist_group("kills of promotions")

LIFE_SECONDS = 120
# How often workers may die in one operation.
DEATHS = 3

RESTORING = {
    "Plan: RUNNING": RestoreState.PLANNING,
    "Plan: DONE": RestoreState.PLANNING,
    "Restore the backup: RUNNING": RestoreState.RESTORING,
    "after unpack": RestoreState.RESTORING,
    "after take": RestoreState.RESTORING,
    "Restore the backup: DONE": RestoreState.RESTORING,
    "Recover: RUNNING": RestoreState.RECOVERING,
    "Recover: DONE": RestoreState.RECOVERING,
    "Verify: RUNNING": RestoreState.VERIFYING,
    "Verify: DONE": RestoreState.VERIFYING,
}
PROMOTING = (
    "Prepare the restored database: RUNNING",
    "Prepare the restored database: DONE",
    "Stop writes: RUNNING",
    "Stop writes: DONE",
    "Begin a new timeline: RUNNING",
    "before promote",
    "after promote",
    "after set_passwords",
    "Begin a new timeline: DONE",
    "before switch",
    "after switch",
    "Exchange the databases: DONE",
    "Start the restored database: RUNNING",
    "Let the replica follow: RUNNING",
    "Let the replica follow: DONE",
)
ROLLING_BACK = (
    "Stop writes again: RUNNING",
    "Stop writes again: DONE",
    "after changed_since",
    "See that nothing was committed: DONE",
    "before switch",
    "after switch",
    "Start the database of before: RUNNING",
    "Let the replica follow again: RUNNING",
    "after remove",
)


async def killed(fresh: Restorable, point: str) -> None:
    """Let a worker begin what waits, and die at a point of it."""
    root, programs = fresh.site.installation.layout.root, fresh.site.installation.binaries.directory
    worker = await forking.python(
        "-m", "tests.jobs.restores.process", root, programs, point, stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(LIFE_SECONDS):
        assert await worker.wait() == -signal.SIGKILL


async def two_moments(fresh: Restorable) -> tuple[Target, int, int]:
    """Return a target, how many rows there were then, and how many there are."""
    moment = await fresh.add(5)
    then = await fresh.rows()
    await fresh.archived(await fresh.add(3))
    await no_backup_runs(fresh.site)
    return Target.time(moment), then, then + 3


def restored_rows(run: RestoreRun) -> int:
    return next(each["restoredRows"] for each in run.differences if each["table"] == "ledger")


@RESTORES
@pytest.mark.parametrize("point", RESTORING)
async def test_a_restore_goes_on_where_its_worker_died(fresh: Restorable, point: str) -> None:
    target, then, _ = await two_moments(fresh)

    async with fresh.untouched():
        async with fresh.without_worker():
            run = await trigger(fresh.site, target)
            await killed(fresh, point)
            assert (await runs.get(fresh.site, run.id)).state is RESTORING[point]
        run = await reaches(fresh.site, run, RestoreState.READY)
        await discarded(fresh.site, run)

    assert restored_rows(run) == then


@RESTORES
async def test_a_restore_that_waits_does_not_mind_a_dead_worker(fresh: Restorable) -> None:
    target, then, _ = await two_moments(fresh)
    async with fresh.untouched():
        run = await restored(fresh.site, target)
        async with fresh.without_worker():
            asked = await restores.discard(fresh.site, run.id, by="admin")
            assert isinstance(asked, RestoreRun)
            await killed(fresh, "Discard: RUNNING")
            assert (await runs.get(fresh.site, run.id)).state is RestoreState.READY
        await reaches(fresh.site, run, RestoreState.DISCARDED)
    assert restored_rows(run) == then


@RESTORES
@pytest.mark.parametrize("point", ["Restore the backup: RUNNING", "Recover: RUNNING"])
async def test_a_restore_that_workers_die_in_again_and_again_is_given_up(fresh: Restorable, point: str) -> None:
    target, _, _ = await two_moments(fresh)

    async with fresh.untouched():
        async with fresh.without_worker():
            run = await trigger(fresh.site, target)
            for _ in range(DEATHS):
                await killed(fresh, point)
        run = await reaches(fresh.site, run, RestoreState.FAILED)

    assert run.error == "The worker died in the middle, again and again."


@PROMOTIONS
@pytest.mark.parametrize("point", PROMOTING)
async def test_a_promotion_goes_on_where_its_worker_died(fresh: Restorable, point: str) -> None:
    target, then, _ = await two_moments(fresh)
    run = await restored(fresh.site, target)
    timeline = await newest_timeline(fresh)

    async with fresh.without_worker():
        asked = await restores.promote(fresh.site, run.id, by="admin")
        assert isinstance(asked, RestoreRun), asked
        await killed(fresh, point)
        assert (await runs.get(fresh.site, run.id)).state is RestoreState.PROMOTING
    run = await reaches(fresh.site, run, RestoreState.PROMOTED)

    assert await fresh.rows() == then
    assert run.promoted_timeline == timeline + 1 == await newest_timeline(fresh)
    await fresh.add(1)
    await fresh.replica_follows()


@PROMOTIONS
@pytest.mark.parametrize("point", ["Stop writes: DONE", "after promote", "before switch"])
async def test_a_promotion_that_workers_die_in_again_and_again_leaves_what_was_live(
    fresh: Restorable, point: str
) -> None:
    target, then, now = await two_moments(fresh)
    run = await restored(fresh.site, target)

    async with fresh.without_worker():
        asked = await restores.promote(fresh.site, run.id, by="admin")
        assert isinstance(asked, RestoreRun), asked
        for _ in range(DEATHS):
            await killed(fresh, point)
    run = await reaches(fresh.site, run, RestoreState.READY)
    operation = await restores.operation_of(fresh.site, run.id)

    assert operation is not None
    assert operation.state is OperationState.FAILED
    assert run.error == "The worker died while it promoted, again and again."
    await fresh.running()
    assert await fresh.rows() == now
    moment = await fresh.add(1)
    await fresh.replica_follows()
    # Its own later moments can be restored, and it can be promoted after all.
    await fresh.archived(moment)
    assert isinstance(await restores.plan(fresh.site, Target.time(moment)), restores.Plan)
    await promoted(fresh.site, run)
    assert await fresh.rows() == then
    await fresh.replica_follows()


@RESTORES
@pytest.mark.parametrize("point", ROLLING_BACK)
async def test_a_rollback_goes_on_where_its_worker_died(fresh: Restorable, point: str) -> None:
    target, then, now = await two_moments(fresh)
    run = await promoted(fresh.site, await restored(fresh.site, target))
    assert await fresh.rows() == then
    await no_backup_runs(fresh.site)

    async with fresh.without_worker():
        asked = await restores.roll_back(fresh.site, run.id, by="admin")
        assert isinstance(asked, RestoreRun), asked
        await killed(fresh, point)
        assert (await runs.get(fresh.site, run.id)).state is RestoreState.ROLLING_BACK
    await reaches(fresh.site, run, RestoreState.ROLLED_BACK)

    assert await fresh.rows() == now
    await fresh.add(1)
    await fresh.replica_follows()


@RESTORES
@pytest.mark.parametrize("point", ["after changed_since", "before switch"])
async def test_a_rollback_that_workers_die_in_again_and_again_leaves_what_is_live(
    fresh: Restorable, point: str
) -> None:
    target, then, _ = await two_moments(fresh)
    run = await promoted(fresh.site, await restored(fresh.site, target))
    await no_backup_runs(fresh.site)

    async with fresh.without_worker():
        asked = await restores.roll_back(fresh.site, run.id, by="admin")
        assert isinstance(asked, RestoreRun), asked
        for _ in range(DEATHS):
            await killed(fresh, point)
    run = await reaches(fresh.site, run, RestoreState.PROMOTED)

    assert run.error == "The worker died while it rolled back, again and again."
    await fresh.running()
    assert await fresh.rows() == then
    await fresh.add(1)
    await fresh.replica_follows()


async def newest_timeline(fresh: Restorable) -> int:
    """Return the newest timeline that anybody has begun, live or not."""
    return max(int(path.name.partition(".")[0], 16) for path in fresh.incarnation.wal.iterdir())
