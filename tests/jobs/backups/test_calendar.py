"""When backups are taken without anybody asking."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from db.control import Operation, OperationState, operations
from db.lsn import Lsn
from db.repository import BackupKind, BackupManifest, Segment, marks
from db.repository.inventory import Inventory
from db.repository.marks import Mark
from jobs import backups
from jobs.backups.calendar import kind_of_day, next_run, request_daily, request_out_of_turn
from jobs.site import Policy, Site
from jobs.worker.schedule import catch_up
from tests.jobs.backups.damage import flipped
from tests.jobs.backups.doing import ask, back_up, connected, do, forget, incarnation, until
from tests.jobs.backups.manifests import manifest

SUNDAY = datetime(2026, 11, 22, 17, tzinfo=UTC)
MONDAY = SUNDAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (SUNDAY - timedelta(seconds=1), SUNDAY),
        (SUNDAY, MONDAY),
        (SUNDAY + timedelta(hours=3), MONDAY),
    ],
)
def test_the_next_backup_is_the_next_time_that_it_is_five_in_the_afternoon(now: datetime, due: datetime) -> None:
    assert next_run(Policy(at=time(17)), now) == due


@pytest.mark.every_version
async def test_sundays_are_full_and_other_days_incremental_where_that_is_known(site: Site) -> None:
    known = [manifest("full", SUNDAY)]
    incremental = BackupKind.INCREMENTAL if site.installation.binaries.major >= 17 else BackupKind.FULL

    assert kind_of_day(site, [], MONDAY) is BackupKind.FULL
    assert kind_of_day(site, known, MONDAY) is incremental
    assert kind_of_day(site, known, SUNDAY + timedelta(days=7)) is BackupKind.FULL


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(manifest("old", SUNDAY - timedelta(days=8)), id="older than a week"),
        pytest.param(manifest("bad", SUNDAY, error="damaged"), id="damaged"),
        pytest.param(manifest("lone", SUNDAY, parent="gone"), id="of a broken chain"),
        pytest.param(manifest("aside", SUNDAY, timeline=7), id="of a history that was set aside"),
    ],
)
async def test_nothing_builds_on_a_backup_that_is(site: Site, known: BackupManifest) -> None:
    assert kind_of_day(site, [known], MONDAY) is BackupKind.FULL


async def test_the_first_backup_is_taken_at_once_and_no_second_one(site: Site) -> None:
    await back_up(site)  # after a failure it would wait
    forget(site)
    first = await request_out_of_turn(site)
    assert first is not None
    assert first.arguments == {"kind": BackupKind.FULL}
    assert await request_out_of_turn(site) is None

    await do(site, first)

    assert await request_out_of_turn(site) is None


async def test_a_new_full_backup_follows_a_gap(site: Site) -> None:
    await back_up(site)
    async with connected(site) as connection:
        lost = Segment.of(1, Lsn.parse(await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text")))
        for _ in range(2):
            await connection.execute("SELECT pg_logical_emit_message(true, 'test', 'written')")
            await connection.execute("SELECT pg_switch_wal()")
        now = Lsn.parse(await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text"))
    await until(lambda: Inventory.read(incarnation(site)).holds(Segment(1, lost.number + 1)))
    marks.append(incarnation(site), Mark(site.clock(), 1, now))
    assert await request_out_of_turn(site) is None
    for path in (incarnation(site).incoming / lost.name, incarnation(site).timeline(1) / f"{lost.name}.gz"):
        path.unlink(missing_ok=True)
    said = (await backups.status(site)).problems
    assert any(f"{lost.name} to {lost.name}. Nothing after it can be restored" in problem for problem in said)

    asked = await request_out_of_turn(site)

    assert asked is not None
    assert asked.arguments == {"kind": BackupKind.FULL}
    await do(site, asked)
    assert await request_out_of_turn(site) is None


async def failed(site: Site, kind: BackupKind, *, ago: timedelta) -> None:
    operation = await ask(site, kind)
    async with site.control.transaction() as session:
        await operations.begin_one(session, operation.id, now=site.clock())
        await operations.give_up(session, operation.id, "The disk is full.", now=site.clock() - ago)


async def test_after_a_failure_it_waits_before_it_tries_again(site: Site) -> None:
    forget(site)

    await failed(site, BackupKind.FULL, ago=timedelta(minutes=14))
    assert await request_out_of_turn(site) is None

    await failed(site, BackupKind.FULL, ago=timedelta(minutes=16))
    asked = await request_out_of_turn(site)
    assert asked is not None
    await do(site, asked)


async def test_the_day_after_a_failure_the_backup_is_full(site: Site) -> None:
    await back_up(site)
    await failed(site, BackupKind.INCREMENTAL, ago=timedelta(hours=24))

    asked = await request_daily(site)

    assert isinstance(asked, Operation)
    assert asked.arguments == {"kind": BackupKind.FULL}
    assert (await do(site, asked)).state is OperationState.SUCCEEDED


async def test_a_damaged_backup_is_replaced(site: Site) -> None:
    backup = await back_up(site)
    forget(site, but=backup.id)
    with flipped(next(incarnation(site).backup(backup.id).glob("base.tar*")), 0.3):
        operation = await backups.request_verification(site, backup.id, by="admin")
        assert isinstance(operation, Operation)
        await do(site, operation)

        asked = await request_out_of_turn(site)

    assert asked is not None
    await do(site, asked)


async def test_a_daily_backup_that_was_missed_is_caught_up_once(site: Site) -> None:
    daily = next(entry for entry in backups.schedule(site.policy) if entry.name == "daily-backup")
    await catch_up(replace(site, clock=lambda: datetime.now(UTC) - timedelta(days=3)), daily)

    await catch_up(site, daily)
    asked = await _queued(site)
    await catch_up(site, daily)

    assert [operation.kind for operation in asked] == ["backup"]
    assert await _queued(site) == asked
    assert (await do(site, asked[0])).state is OperationState.SUCCEEDED


async def _queued(site: Site) -> list[Operation]:
    async with site.control.reading() as session:
        return list(await operations.open_of(session, ["backup"]))
