"""Restores that become the live database, and the way back."""

import pytest

from db.control import RestoreRun, RestoreState
from jobs import restores
from jobs.refusal import Refusal
from jobs.restores import Target
from tests.jobs.restores.doing import Restorable, no_backup_runs, promoted, reaches, restored

pytestmark = [pytest.mark.every_version(others="long"), pytest.mark.xdist_group("restores")]

SEGMENTS = 8


@pytest.mark.long
async def test_a_moment_before_a_mistake_becomes_live_and_stays_it_once_something_was_committed(
    restorable: Restorable,
) -> None:
    before = await restorable.add(10)
    good = await restorable.rows()
    await restorable.execute("UPDATE ledger SET told = NULL")
    after = await restorable.add(5)
    await restorable.archived(after)

    run = await restored(restorable.site, Target.time(before))

    assert await restorable.rows() == good + 5
    shown = {each["table"]: each for each in run.differences}
    assert shown["ledger"] == {"table": "ledger", "liveRows": good + 5, "restoredRows": good}

    run = await promoted(restorable.site, run)

    assert await restorable.rows() == good
    assert await restorable.value("SELECT count(*) FROM ledger WHERE told IS NULL") == 0
    assert run.timeline is not None
    assert run.promoted_timeline is not None
    assert run.promoted_timeline > run.timeline
    await restorable.replica_follows()
    assert await restorable.value("SELECT pg_is_in_recovery()", server="replica")

    await restorable.add(1)
    refused = await restores.roll_back(restorable.site, run.id, by="admin")

    assert isinstance(refused, Refusal)
    assert refused.code == "COMMITTED_SINCE"
    assert "ledger" in refused.message
    assert await restorable.rows() == good + 1


@pytest.mark.long
async def test_rolling_back_brings_back_what_was_live_and_the_replica_follows_over_many_segments(
    restorable: Restorable,
) -> None:
    moment = await restorable.add(3)
    rows = await restorable.rows()
    for _ in range(SEGMENTS):
        await restorable.add(10)
        await restorable.next_segment()
    await restorable.archived(await restorable.add(1))
    run = await promoted(restorable.site, await restored(restorable.site, Target.time(moment)))
    assert await restorable.rows() == rows
    await restorable.replica_follows()
    await no_backup_runs(restorable.site)
    replica = restorable.replica_directory.stat().st_ino
    for _ in range(SEGMENTS):
        await restorable.execute("SELECT pg_logical_emit_message(false, 'test', 'no commit')")
        await restorable.next_segment()

    asked = await restores.roll_back(restorable.site, run.id, by="admin")
    assert isinstance(asked, RestoreRun), asked
    await reaches(restorable.site, run, RestoreState.ROLLED_BACK)

    assert await restorable.rows() == rows + 10 * SEGMENTS + 1
    await restorable.add(1)
    await restorable.replica_follows()
    assert restorable.replica_directory.stat().st_ino == replica  # rewound, not cloned
