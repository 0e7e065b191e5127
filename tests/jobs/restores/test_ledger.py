"""Restores to random moments, across timelines, compared with a record that was kept outside the database."""

from datetime import datetime
from random import Random

import pytest

from db.control import RestoreRun
from db.repository import BackupKind
from jobs.restores import Target, recovering, runs
from tests.jobs.restores.doing import Restorable, back_up, discarded, no_backup_runs, promoted, restored
from tests.jobs.restores.ledger import TABLE, Ledger, numbers_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

MOMENTS = 20
PROMOTIONS = 3


async def contents(found: Restorable, run: RestoreRun) -> frozenset[int]:
    """Return what a restore that is ready has in it."""
    site = found.site
    place = site.installation.layout.data_directory(run.directory or "")
    course = runs.course_of(run)

    async def silent(_fraction: float, _message: str) -> None:
        pass

    server, _ = await recovering.recover(site, runs.incarnation_of(site, run), place, course, silent)
    async with server.connected() as connection:
        there = await numbers_of(connection)
    await server.stop()
    return there


async def test_twenty_moments_on_four_timelines_are_exact(fresh: Restorable) -> None:
    random = Random(20261123)  # noqa: S311 - drawn moments, not a secret
    ledger = Ledger(fresh)
    wrong: dict[datetime, dict[str, list[int]]] = {}

    async def look(moment: datetime) -> RestoreRun:
        await fresh.archived(moment)
        run = await restored(fresh.site, Target.time(moment))
        difference = ledger.wrong(moment, await contents(fresh, run))
        if any(difference.values()):
            wrong[moment] = difference
        return run

    await fresh.execute(TABLE)
    async with ledger.writing():
        for promotion in range(PROMOTIONS):
            await back_up(fresh.site, BackupKind.INCREMENTAL if promotion else BackupKind.FULL)
            run = await look(ledger.moment(random, timeline=promotion + 1))
            begun_with = await contents(fresh, run)
            run = await promoted(fresh.site, run)
            assert run.promoted_timeline == promotion + 2
            ledger.begun_with[promotion + 2] = begun_with
            await fresh.replica_follows()
            await no_backup_runs(fresh.site)
        for _ in range(MOMENTS - PROMOTIONS):
            await discarded(fresh.site, await look(ledger.moment(random)))

    assert len({entry.timeline for entry in ledger.entries if entry.timeline}) == PROMOTIONS + 1
    assert not wrong
