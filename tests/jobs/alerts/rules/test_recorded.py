"""Rules whose condition a test cannot make in reasonable time: they are fed snapshots as they would be recorded."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.control import AlertState
from db.engines import EngineRole
from db.monitoring.snapshot import (
    Backups,
    BaselineFinding,
    Baselines,
    Connections,
    DatabaseCounters,
    Disk,
    Server,
    Snapshot,
    Statistics,
    TransactionAge,
)
from jobs.alerts.rule import DATABASE
from jobs.site import Site
from tests.jobs.alerts.rules.watching import Watching, eased
from tests.jobs.worker.sites import open_site

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
GIB = 1024**3

STATISTICS = Statistics(
    version="18.6",
    started_at=START,
    in_recovery=False,
    latency_ms=0.3,
    lsn=1,
    database_bytes=4 * GIB,
    counters=DatabaseCounters(
        reset_at=None,
        commits=0,
        rollbacks=0,
        blocks_read=0,
        blocks_hit=0,
        deadlocks=0,
        temp_files=0,
        temp_bytes=0,
    ),
    checkpoints=None,
    connections=Connections(total=1, active=1, idle=0, idle_in_transaction=0, maximum=100),
    sessions=(),
    senders=(),
    slots=(),
    archiver=None,
    streaming=None,
    lag_seconds=None,
    lag_bytes=None,
    statements=None,
    surveyed_at=START,
    tables=(),
    indexes=(),
    sequences=(),
    transaction_ages=(TransactionAge(database="yukyu", age=1000),),
)
BACKUPS = Backups(
    seen_at=START,
    first_seen_at=START - timedelta(days=30),
    last_backup_at=START - timedelta(hours=3),
    failed_backup=None,
    failed_reason=None,
    rpo_seconds_now=1,
    rpo_seconds=300,
    archive_failures=0,
    archive_failing_since=None,
    pending_segments=0,
    gaps=(),
    last_drill_at=START - timedelta(days=3),
)
BASELINES = Baselines(newest_at=START - timedelta(hours=5), regressions=())
LARGE = Disk(path="/data", total_bytes=1000 * GIB, free_bytes=20 * GIB)
WELL = Snapshot(
    taken_at=START,
    servers=(Server(name="primary", role=EngineRole.PRIMARY, fault=None, statistics=STATISTICS),),
    pools=(),
    disks=(LARGE,),
    backups=BACKUPS,
    baselines=BASELINES,
)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as site:
        yield site


async def fires_and_resolves(watching: Watching, ill: Snapshot, subject: str) -> str:
    """See that nothing fires while all is well, that one alert does then, and is over after it; return its summary."""
    assert await watching.look(WELL) == []
    (alert,) = await watching.look(replace(ill, taken_at=START + timedelta(seconds=15)))
    assert (alert.subject, alert.state) == (subject, AlertState.FIRING)
    for tick in (2, 3):
        (after,) = await watching.look(replace(WELL, taken_at=START + tick * timedelta(seconds=15)))
    assert after.state is AlertState.RESOLVED
    return alert.summary


def of_server(**fields: Any) -> Snapshot:
    return replace(WELL, servers=(replace(WELL.servers[0], statistics=replace(STATISTICS, **fields)),))


def of_backups(**fields: Any) -> Snapshot:
    return replace(WELL, backups=replace(BACKUPS, **fields))


@pytest.mark.parametrize(
    ("rule", "backups", "summary"),
    [
        (eased("backup-too-old"), {"last_backup_at": START - timedelta(hours=27)}, "27 hours old"),
        (eased("backup-too-old"), {"last_backup_at": None}, "no backup since 720 hours"),
        (eased("backup-failed"), {"failed_backup": "B1", "failed_reason": "The disk is full."}, "B1 failed: The disk"),
        (eased("rpo-exceeded"), {"rpo_seconds_now": 301}, "301 s of committed work"),
        (
            eased("wal-archive-failing"),
            {"archive_failing_since": START - timedelta(minutes=9)},
            "since 2026-11-01 11:51",
        ),
        (eased("wal-archive-behind"), {"pending_segments": 17}, "17 segments"),
        (eased("restore-drill-overdue"), {"last_drill_at": START - timedelta(days=10)}, "10 days ago"),
        (eased("restore-drill-overdue"), {"last_drill_at": None}, "Nothing was restored in 30 days"),
    ],
)
async def test_what_is_wrong_with_backups_is_told(site: Site, rule: Any, backups: dict[str, Any], summary: str) -> None:
    assert summary in await fires_and_resolves(Watching.by(site, rule), of_backups(**backups), DATABASE)


async def test_an_archive_that_fails_is_not_well_because_the_primary_is_away(site: Site) -> None:
    watching = Watching.by(site, eased("wal-archive-failing"))
    await watching.look(of_backups(archive_failing_since=START - timedelta(minutes=9)))

    for tick in (1, 2, 3):
        unknown = replace(of_backups(archiving_known=False), taken_at=START + tick * timedelta(seconds=15))
        (alert,) = await watching.look(unknown)

    assert alert.state is AlertState.FIRING


async def test_each_gap_in_the_archive_is_told(site: Site) -> None:
    gap = "timeline 1, 00000001000000000000000A to 00000001000000000000000C"
    assert gap in await fires_and_resolves(Watching.by(site, eased("wal-gap")), of_backups(gaps=(gap,)), gap)


async def test_transaction_ids_that_run_out_are_told(site: Site) -> None:
    ill = of_server(transaction_ages=(TransactionAge(database="yukyu", age=1_600_000_000),))
    assert "1,600,000,000 ids" in await fires_and_resolves(Watching.by(site, eased("xid-age")), ill, "yukyu")


async def test_a_database_that_grows_by_half_in_a_day_is_told(site: Site) -> None:
    watching = Watching.by(site, eased("database-growth"))
    assert await watching.look(WELL) == []  # nothing is known of the day before
    watching.day_before = WELL
    ill = of_server(database_bytes=7 * GIB)
    assert "from 4.0 to 7.0 GiB" in await fires_and_resolves(watching, ill, DATABASE)


async def test_a_small_database_may_grow_as_it_likes(site: Site) -> None:
    watching = Watching.by(site, eased("database-growth"))
    watching.day_before = of_server(database_bytes=GIB // 100)
    assert await watching.look(of_server(database_bytes=GIB // 2)) == []


@pytest.mark.parametrize(("rule", "free"), [(eased("disk-space-low"), 9), (eased("disk-space-critical"), 2)])
async def test_a_disk_that_is_nearly_full_is_told(site: Site, rule: Any, free: int) -> None:
    ill = replace(WELL, disks=(LARGE, Disk(path="/full", total_bytes=100 * GIB, free_bytes=free * GIB)))
    assert f"{free}.0 of 100.0 GiB" in await fires_and_resolves(Watching.by(site, rule), ill, "/full")


async def test_a_full_disk_that_does_not_answer_is_not_well(site: Site) -> None:
    watching = Watching.by(site, eased("disk-space-low"))
    await watching.look(replace(WELL, disks=(Disk(path="/full", total_bytes=100 * GIB, free_bytes=GIB),)))

    for tick in (1, 2, 3):
        away = replace(WELL, taken_at=START + tick * timedelta(seconds=15), disks=(), missing_disks=("/full",))
        (alert,) = await watching.look(away)

    assert alert.state is AlertState.FIRING


async def test_what_got_worse_since_the_baseline_is_told(site: Site) -> None:
    finding = BaselineFinding(metric="cache hit ratio", before=0.99, now=0.5, ratio=1.98)
    ill = replace(WELL, baselines=replace(BASELINES, regressions=(finding,)))
    summary = await fires_and_resolves(Watching.by(site, eased("baseline-regression")), ill, "cache hit ratio")
    assert summary == "cache hit ratio was 0.99 and is 0.5 now."


@pytest.mark.parametrize("newest", [START - timedelta(days=2), None])
async def test_a_baseline_that_is_old_or_missing_is_told(site: Site, newest: datetime | None) -> None:
    ill = replace(WELL, baselines=replace(BASELINES, newest_at=newest))
    await fires_and_resolves(Watching.by(site, eased("baseline-stale")), ill, DATABASE)


async def test_a_new_installation_has_time_for_its_first_baseline(site: Site) -> None:
    rule = eased("baseline-stale", for_=timedelta(hours=36))
    (alert,) = await Watching.by(site, rule).look(replace(WELL, baselines=Baselines(newest_at=None, regressions=None)))
    assert alert.state is AlertState.PENDING
