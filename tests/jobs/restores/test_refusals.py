"""Restores that are declined before anything is done, each with a sentence that says why."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.control import RestoreState, audit
from db.errors import BadInputError
from db.lsn import Lsn
from db.repository import BackupManifest, Segment
from db.repository.history import Lineage
from jobs import restores
from jobs.refusal import Refusal
from jobs.restores import Plan, Target
from tests.jobs.restores.doing import Restorable, ago, back_up, discarded, reaches, refusal, trigger

pytestmark = pytest.mark.xdist_group("restores")


def oldest(restorable: Restorable) -> BackupManifest:
    return BackupManifest.all(restorable.incarnation)[0]


async def test_a_moment_before_the_window(restorable: Restorable) -> None:
    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.time(ago(days=30)))

    assert refused.code == "OUTSIDE_WINDOW"
    assert "No backup is old enough to restore" in refused.message
    assert "What can be restored begins at" in str(refused.hint)
    assert oldest(restorable).id in str(refused.hint)


async def test_a_moment_in_the_future(restorable: Restorable) -> None:
    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.time(datetime.now(UTC) + timedelta(hours=1)))

    assert refused.code == "IN_FUTURE"
    assert refused.message.endswith("is in the future.")


async def test_a_position_that_nobody_has_written_yet(restorable: Restorable) -> None:
    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.lsn("FF/0"))

    assert refused.code == "IN_FUTURE"
    assert "FF/0 is behind that" in refused.message


async def test_a_moment_before_the_first_backups_end(restorable: Restorable) -> None:
    first = oldest(restorable)

    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.time(first.finished_at - timedelta(milliseconds=1)))

    assert refused.code == "BEFORE_BACKUP_END"
    assert "in the middle of the first backup" in refused.message
    assert first.id in str(refused.hint)


async def test_a_position_before_the_first_backups_end(restorable: Restorable) -> None:
    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.lsn(oldest(restorable).start_lsn))

    assert refused.code == "BEFORE_BACKUP_END"


async def test_a_restore_point_that_nobody_made(restorable: Restorable) -> None:
    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.point("before-payday"))

    assert refused.code == "UNKNOWN_RESTORE_POINT"
    assert refused.message == "There is no restore point before-payday."


async def test_a_backup_that_nobody_took(restorable: Restorable) -> None:
    async with restorable.untouched():
        refused = await refusal(restorable.site, Target.backup("20200101T000000Z-full-0000"))

    assert refused.code == "NO_BACKUP"
    assert "There is no finished backup 20200101T000000Z-full-0000" in refused.message


def test_a_time_without_an_offset() -> None:
    with pytest.raises(BadInputError, match="no offset from UTC") as refused:
        Target.time(datetime(2026, 11, 22, 19, 4))  # noqa: DTZ001 - what is refused

    assert "2026-11-22T19:04:00+09:00" in str(refused.value.hint)


async def test_a_moment_between_two_backups_with_a_gap(restorable: Restorable) -> None:
    await back_up(restorable.site)
    begun = Lsn.parse(BackupManifest.all(restorable.incarnation)[-1].stop_lsn)
    await restorable.execute("SELECT pg_switch_wal()")
    await restorable.add(5)
    await restorable.execute("SELECT pg_switch_wal()")
    between = await restorable.add(5)
    await restorable.archived(between)
    await back_up(restorable.site)
    after = await restorable.add(5)
    await restorable.archived(after)
    timeline = BackupManifest.all(restorable.incarnation)[-1].timeline
    lost = Lineage.read(restorable.incarnation, timeline).segment_at(Segment.of(timeline, begun).number + 1)

    with gone(restorable.incarnation.timeline(lost.timeline) / f"{lost.name}.gz"):
        async with restorable.untouched():
            refused = await refusal(restorable.site, Target.time(between))
            behind = await restores.plan(restorable.site, Target.time(after))

    assert refused.code == "GAP"
    assert f"missing from the archive: {lost.name}" in refused.message
    assert isinstance(behind, Plan)
    assert isinstance(await restores.plan(restorable.site, Target.time(between)), Plan)


@contextmanager
def gone(path: Path) -> Generator[None]:
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


async def test_a_second_restore_while_there_is_one(restorable: Restorable) -> None:
    async with restorable.untouched():
        first = await trigger(restorable.site, Target.latest())
        refused = await refusal(restorable.site, Target.latest())
        early = await restores.promote(restorable.site, first.id, by="admin")
        await reaches(restorable.site, first, RestoreState.READY)
        again = await refusal(restorable.site, Target.latest())
        await discarded(restorable.site, first)

    assert refused.code == again.code == "ANOTHER_RESTORE_RUNNING"
    assert first.id in refused.message
    assert again.message == f"The restore {first.id} is READY."
    assert again.hint == "Promote or discard that one first."
    assert isinstance(early, Refusal)
    assert early.code == "NOT_READY"


async def test_what_is_asked_of_a_restore_that_cannot_be(restorable: Restorable) -> None:
    run = await reaches(restorable.site, await trigger(restorable.site, Target.latest()), RestoreState.READY)
    await discarded(restorable.site, run)

    async with restorable.untouched():
        unknown = await restores.promote(restorable.site, "0" * 32, by="admin")
        promoted = await restores.promote(restorable.site, run.id, by="admin")
        discarded_again = await restores.discard(restorable.site, run.id, by="admin")
        rolled_back = await restores.roll_back(restorable.site, run.id, by="admin")

    assert isinstance(unknown, Refusal)
    assert (unknown.code, unknown.message) == ("UNKNOWN_RESTORE", f"There is no restore {'0' * 32}.")
    assert isinstance(promoted, Refusal)
    assert promoted.code == "NOT_READY"
    assert "is DISCARDED" in promoted.message
    assert isinstance(discarded_again, Refusal)
    assert isinstance(rolled_back, Refusal)
    assert rolled_back.code == "NOT_PROMOTED"


async def test_a_refusal_is_in_the_audit_log(restorable: Restorable) -> None:
    await refusal(restorable.site, Target.point("never-made"))

    async with restorable.site.control.reading() as session:
        newest = (await audit.newest(session, limit=1))[0]
    assert (newest.who, newest.action, newest.result) == ("admin", "restore", audit.REFUSED)
    assert newest.details["code"] == "UNKNOWN_RESTORE_POINT"
