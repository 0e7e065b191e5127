"""What is lost when everything is killed at once under load, and the primary's disk is gone."""

import asyncio
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from db.cluster import Binaries
from db.cluster.connection import AWAY
from db.repository import Segment, compression
from tests.db.cluster.witness import processes_of
from tests.jobs.archive.conftest import Kept, kept_in

pytestmark = [pytest.mark.xdist_group("archive"), pytest.mark.long]

WRITERS = 4
ENOUGH = 2000
PATIENCE_SECONDS = 60
COMMIT = "SELECT pg_current_xact_id()::text FROM pg_logical_emit_message(true, 'test', repeat('row', 100))"
COMMITTED = re.compile(r"tx: +(\d+),.*COMMIT")


class Writers:
    """Commit as fast as they can, and note each transaction that was acknowledged, and when."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.acknowledged: dict[str, float] = {}

    async def write(self) -> None:
        with suppress(*AWAY):
            connection = await asyncpg.connect(self._kept.cluster.admin_url)
            while True:
                transaction = await connection.fetchval(COMMIT)
                self.acknowledged[transaction] = time.monotonic()


async def test_no_more_than_the_last_second_is_lost_when_all_is_killed(
    scratch: Path, tmp_path: Path, binaries: Binaries
) -> None:
    async with kept_in(scratch / "killed", binaries) as kept:
        lost_seconds, acknowledged = await kill_under_load(kept, tmp_path)

    assert acknowledged >= ENOUGH
    assert lost_seconds < 1


async def test_nothing_is_lost_when_commits_wait_for_the_archive(
    scratch: Path, tmp_path: Path, binaries: Binaries
) -> None:
    async with kept_in(scratch / "killed-synchronous", binaries, synchronous=True) as kept:
        assert await kept.say("SELECT sync_state FROM pg_stat_replication") == "quorum"
        lost_seconds, acknowledged = await kill_under_load(kept, tmp_path)

    assert acknowledged >= ENOUGH
    assert lost_seconds == 0


async def kill_under_load(kept: Kept, tmp_path: Path) -> tuple[float, int]:
    """Return how much acknowledged work the repository does not hold, in seconds, and how much there was."""
    writers = Writers(kept)
    writing = [asyncio.create_task(writers.write()) for _ in range(WRITERS)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(writers.acknowledged) < ENOUGH:  # noqa: ASYNC110 - the writers are busy
            await asyncio.sleep(0.01)
    data_directory = kept.cluster.layout.data_directory("primary")
    for process in (*kept.receivers(), *processes_of(data_directory)):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    killed_at = time.monotonic()
    # Before anybody receives again: the primary's disk is not there any more.
    kept_aside = copy_wal(kept, tmp_path)
    await kept.stop()
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    held = committed(kept.site.installation.binaries, kept_aside)
    lost = [at for transaction, at in writers.acknowledged.items() if transaction not in held]
    return (killed_at - min(lost) if lost else 0.0), len(writers.acknowledged)


def copy_wal(kept: Kept, place: Path) -> list[Path]:
    """Copy what the repository has of the timeline into files that PostgreSQL's programs read."""
    found: list[Path] = []
    for directory in (kept.incarnation.timeline(kept.timeline()), kept.incarnation.incoming, kept.incarnation.stream):
        for path in directory.glob("*"):
            copy = place / path.name.partition(".")[0]
            if Segment.parse(copy.name):
                copy.write_bytes(compression.read(path))
                found.append(copy)
    return found


def committed(binaries: Binaries, segments: list[Path]) -> set[str]:
    """Return the transactions whose commit is in the WAL."""
    found: set[str] = set()
    for path in segments:
        command = [binaries.program("pg_waldump"), "--rmgr=Transaction", "-p", path.parent, path.name]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found |= set(COMMITTED.findall(said))
    return found
