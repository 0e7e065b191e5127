import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from db.cluster import AlreadyRunningError, Binaries, EmbeddedCluster
from db.cluster.identity import Identity
from db.cluster.postmaster import PID_FILE
from tests import forking
from tests.db.cluster.witness import answer, connected, postmaster, processes_of

PROGRAM = Path(__file__).with_name("supervising.py")


@asynccontextmanager
async def supervised(home: Path, binaries: Binaries, *, until: str) -> AsyncIterator[forking.Process]:
    """Open a cluster in another process, as far as the line `until`."""
    process = await forking.python(PROGRAM, home, binaries.directory, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while (line := await process.stdout.readline()).decode().strip() != until:
                assert line, f"the process ended before it said {until!r}"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_servers_outlive_a_killed_supervisor_and_are_adopted(home: Path, binaries: Binaries) -> None:
    async with supervised(home, binaries, until="ready") as process:
        located = EmbeddedCluster.locate(home)
        process.kill()
        await process.wait()
    before = [postmaster(located, server).pid for server in ("primary", "replica")]

    async with EmbeddedCluster.open(home, binaries=binaries) as cluster:
        assert [postmaster(cluster, server).pid for server in ("primary", "replica")] == before
        assert await answer(cluster.replica_url, "SELECT pg_is_in_recovery()")

    assert processes_of(home) == []


@pytest.mark.parametrize("step", ["ready", "Copying the primary for the replica"])
async def test_interrupted_supervisor_leaves_no_process_behind(home: Path, binaries: Binaries, step: str) -> None:
    async with supervised(home, binaries, until=step) as process:
        process.send_signal(signal.SIGINT)
        await process.wait()

    assert processes_of(home) == []
    assert "database system is shut down" in log_of(home, "primary")


async def test_second_supervisor_is_refused_and_told_who_is_first(home: Path, binaries: Binaries) -> None:
    async with supervised(home, binaries, until="ready") as process:
        with pytest.raises(AlreadyRunningError, match=f"{home}.*process {process.pid}"):
            await EmbeddedCluster.open(home, binaries=binaries).__aenter__()
        process.send_signal(signal.SIGINT)
        await process.wait()


@pytest.mark.parametrize("step", ["Creating the database cluster", "Starting the primary"])
async def test_supervisor_killed_while_making_the_primary_leaves_no_obstacle(
    home: Path, binaries: Binaries, step: str
) -> None:
    async with supervised(home, binaries, until=step):
        pass

    await check_opens(home, binaries)


async def test_supervisor_killed_while_copying_the_replica_leaves_no_obstacle(home: Path, binaries: Binaries) -> None:
    async with supervised(home, binaries, until="Copying the primary for the replica"):
        await asyncio.sleep(0.1)

    await check_opens(home, binaries)


async def test_half_made_directories_are_no_obstacle(home: Path, binaries: Binaries) -> None:
    for name in ("primary.new", "primary.old", "replica.new", "replica.old"):
        (home / "clusters" / name / "base").mkdir(parents=True)
        (home / "clusters" / name / "PG_VERSION").write_text(f"{binaries.major}\n")

    await check_opens(home, binaries)

    left = sorted(path.name for path in (home / "clusters").iterdir())
    assert left == ["primary", "replica", "replica.follows", "replica.pgpass"]


async def test_pid_file_that_names_another_program_of_the_same_user_is_no_obstacle(
    home: Path, binaries: Binaries
) -> None:
    await check_opens(home, binaries, replica=False)
    user = Identity.choose(home / "clusters")
    other = subprocess.Popen(["/bin/sleep", "60"], cwd="/", **user.process_options)  # noqa: ASYNC220 - returns at once
    try:
        directory = home / "clusters" / "primary"
        pid_file = directory / PID_FILE
        pid_file.write_text(f"{other.pid}\n{directory}\n1700000000\n5432\n\n127.0.0.1\n  1234567   1\nready\n")
        user.own(pid_file)

        await check_opens(home, binaries, replica=False)
    finally:
        other.kill()
        other.wait()


async def check_opens(home: Path, binaries: Binaries, *, replica: bool = True) -> None:
    async with EmbeddedCluster.open(home, binaries=binaries, replica=replica) as cluster:
        async with connected(cluster.primary_url) as connection:
            assert await connection.fetchval("SELECT count(*) FROM pg_stat_statements") >= 0
        if replica:
            assert await answer(cluster.replica_url, "SELECT pg_is_in_recovery()")
    assert processes_of(home) == []


def log_of(home: Path, server: str) -> str:
    return "".join(path.read_text() for path in (home / "logs" / server).glob("*.log"))
