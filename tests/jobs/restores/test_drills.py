"""Restores that are tried out every week, so that it is known whether they work and how long they take."""

from datetime import UTC, datetime, timedelta

import pytest

from db.control import RestoreRun, RestoreState
from jobs import backups, restores
from jobs.restores import SCHEDULE
from jobs.restores.schedule import request_drill
from tests.jobs.restores.doing import Restorable, reaches

pytestmark = pytest.mark.xdist_group("restores")


async def test_a_drill_says_how_long_it_takes_and_leaves_nothing(restorable: Restorable) -> None:
    async with restorable.untouched():
        asked = await restores.drill(restorable.site, by="admin")
        assert isinstance(asked, RestoreRun)
        run = await reaches(restorable.site, asked, RestoreState.DISCARDED)

    assert run.drill
    assert [step["name"] for step in run.steps] == ["Plan", "Restore the backup", "Recover", "Verify"]
    assert run.started_at is not None
    assert run.finished_at is not None
    took = (run.finished_at - run.started_at).total_seconds()
    status = await backups.status(restorable.site)
    assert status.objectives.rto_seconds_last == pytest.approx(took, abs=1)


async def test_the_schedule_asks_for_a_drill_a_week_unless_a_restore_is_under_way(restorable: Restorable) -> None:
    entry = next(each for each in SCHEDULE if each.name == "restore-drill")
    first = entry.trigger.get_next_fire_time(None, datetime(2026, 11, 23, tzinfo=UTC))
    assert first == datetime(2026, 11, 28, 18, tzinfo=UTC)
    assert entry.trigger.get_next_fire_time(first, first + timedelta(seconds=1)) == first + timedelta(days=7)
    assert entry.catch_up

    operation = await request_drill(restorable.site)
    assert operation is not None
    assert operation.requested_by == "schedule"
    assert await request_drill(restorable.site) is None
    run = await restores.by_id(restorable.site, operation.id)
    assert run is not None
    await reaches(restorable.site, run, RestoreState.DISCARDED)
