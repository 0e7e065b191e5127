from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from db.control import Control, SnapshotRow, snapshots
from db.engines import EngineRole
from db.monitoring.snapshot import Disk, Server, Snapshot

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def snapshot(taken_at: datetime) -> Snapshot:
    down = Server(name="primary", role=EngineRole.PRIMARY, fault="Nothing listens at its address.", statistics=None)
    disk = Disk(path="/var/lib/ゆうきゅう", total_bytes=2**45, free_bytes=7)
    return Snapshot(taken_at=taken_at, servers=(down,), pools=(), disks=(disk,), backups=None, baselines=None)


async def store(control: Control, *moments: datetime) -> None:
    async with control.transaction() as session:
        for moment in moments:
            await snapshots.store(session, snapshot(moment))


async def kept(control: Control) -> list[datetime]:
    async with control.reading() as session:
        return list(await session.exec(select(SnapshotRow.taken_at).order_by(col(SnapshotRow.taken_at))))


async def test_the_newest_snapshot_comes_back_as_it_was(control: Control) -> None:
    await store(control, NOW - timedelta(seconds=15), NOW)

    async with control.reading() as session:
        assert await snapshots.newest(session) == snapshot(NOW)
        assert await snapshots.newest(session, until=NOW - timedelta(seconds=1)) == snapshot(
            NOW - timedelta(seconds=15)
        )
        assert await snapshots.newest(session, until=NOW - timedelta(days=1)) is None


async def test_one_of_another_shape_is_passed_over(control: Control) -> None:
    async with control.transaction() as session:
        session.add(SnapshotRow(taken_at=NOW, body=b"nonsense"))

    async with control.reading() as session:
        assert await snapshots.newest(session) is None


async def test_snapshots_are_thinned_as_they_grow_old(control: Control) -> None:
    last_hour = [NOW - timedelta(seconds=15 * n) for n in range(240)]
    two_hours_ago = [NOW - timedelta(hours=2) + timedelta(seconds=15 * n) for n in range(8)]
    two_days_ago = [NOW - timedelta(days=2) + timedelta(minutes=n) for n in range(20)]
    long_ago = [NOW - timedelta(days=31)]
    await store(control, *long_ago, *two_days_ago, *two_hours_ago, *last_hour)

    async with control.transaction() as session:
        removed = await snapshots.thin(session, now=NOW)

    left = await kept(control)
    assert left[-240:] == sorted(last_hour)
    assert left[:-240] == [two_days_ago[0], two_days_ago[10], two_hours_ago[0], two_hours_ago[4]]
    assert removed == 1 + 18 + 6


async def test_thinning_again_removes_nothing(control: Control) -> None:
    await store(control, *(NOW - timedelta(hours=30) + timedelta(minutes=n) for n in range(600)))

    removed: list[int] = []
    for _ in range(2):
        async with control.transaction() as session:
            removed.append(await snapshots.thin(session, now=NOW))

    assert removed[0] > 0
    assert removed[1] == 0
