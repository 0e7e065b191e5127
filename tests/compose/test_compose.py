"""What docker-compose.yml promises, on a real engine: one story, in the order of its tests. `make test-compose`."""

import asyncio
import json
import os
import signal
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.compose.system import PROJECT, System, eventually

pytestmark = pytest.mark.timeout(1800)

ENOUGH = 300
REPOSITORY = "/var/backups/yukyu"
COPY = f"tar --create --directory {REPOSITORY} . || test $? -eq 1"  # 1: something was written to meanwhile


def numbers(system: System) -> list[int]:
    return [int(line) for line in system.sql("SELECT number FROM witness ORDER BY number").split()]


def restorable(system: System) -> datetime:
    return datetime.fromisoformat(json.loads(system.yukyu("backup", "status", "--json"))["window"]["latest"])


def archived(system: System) -> None:
    """Wait until all that has been committed can be restored."""
    now = datetime.fromisoformat(system.sql("SELECT to_json(clock_timestamp()) #>> '{}'"))
    eventually(lambda: restorable(system) > now)


def test_a_clean_engine_gets_a_system_with_one_command(system: System) -> None:
    system.compose("up", "--detach", seconds=1800)
    system.wait_healthy()

    assert system.container("migrate")["State"]["ExitCode"] == 0
    for service in ("primary", "replica", "api", "jobs"):
        host = system.container(service)["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["Memory"] > 0
        assert not any("docker.sock" in bind for bind in host["Binds"] or ())


def test_the_first_token_is_printed_and_nothing_else(system: System) -> None:
    printed = system.compose("run", "--rm", "api", "yukyu", "token", "--role", "admin")

    assert len(printed.split()) == 1
    system.token = printed.strip()
    assert system.ask("{ health { status } }")["health"]["status"] == "HEALTHY"


def test_no_password_is_in_a_container_s_environment_or_processes(system: System) -> None:
    url = urlsplit(system.yukyu("db", "url").strip())
    assert url.password

    for service in ("primary", "replica", "api", "jobs"):
        assert url.password not in json.dumps(system.container(service))
        assert url.password not in system.compose("top", service)


def test_a_search_is_served_by_the_replica(system: System) -> None:
    system.yukyu("data", "sample", "2000")

    eventually(lambda: system.is_served_by("REPLICA"))


def test_searches_go_on_while_the_replica_is_stopped(system: System) -> None:
    system.compose("stop", "replica")

    for _ in range(20):
        assert system.is_served_by("PRIMARY")


def test_reads_return_to_the_replica_when_it_is_back(system: System) -> None:
    system.compose("start", "replica")

    eventually(lambda: system.is_served_by("REPLICA"))


def test_a_moment_is_restored_beside_the_live_database_and_promoted(system: System) -> None:
    system.yukyu("backup", "create")
    system.sql("CREATE TABLE witness (number int PRIMARY KEY); INSERT INTO witness VALUES (1)")
    time.sleep(1)  # so that the moment is between two commits, whatever it is rounded to
    moment = system.sql("SELECT to_json(clock_timestamp()) #>> '{}'")
    time.sleep(1)
    system.sql("INSERT INTO witness VALUES (2)")
    archived(system)

    run = json.loads(system.yukyu("restore", "start", "--time", moment, "--promote", "--json", seconds=600))

    assert run["state"] == "PROMOTED"
    assert numbers(system) == [1]
    eventually(lambda: system.is_served_by("REPLICA"))
    system.wait_healthy()


def test_the_promotion_is_rolled_back(system: System) -> None:
    newest = json.loads(system.yukyu("restore", "list", "--json"))[0]["id"]

    run = json.loads(system.yukyu("restore", "rollback", newest, "--yes", "--json", seconds=600))

    assert run["state"] == "ROLLED_BACK"
    assert numbers(system) == [1, 2]
    eventually(lambda: system.is_served_by("REPLICA"))
    system.wait_healthy()


def test_a_primary_whose_main_process_is_killed_returns_with_all_it_acknowledged(system: System) -> None:
    before = system.container("primary")["RestartCount"]
    acknowledged = asyncio.run(write_until_killed(system))

    eventually(lambda: system.container("primary")["RestartCount"] > before)
    system.wait_healthy()
    assert len(acknowledged) >= ENOUGH
    assert not set(acknowledged) - set(numbers(system))
    eventually(lambda: system.is_served_by("REPLICA"))


async def write_until_killed(system: System) -> list[int]:
    """Write row by row over the port on the host's loopback, kill the primary in the middle, return what was there."""
    url = urlsplit(system.yukyu("db", "url").strip())
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=system.primary_port,
        user=url.username,
        password=url.password,
        database=url.path.removeprefix("/"),
    )
    acknowledged: list[int] = []
    main_process = system.container("primary")["State"]["Pid"]

    async def write() -> None:
        for number in range(1000, 1_000_000):
            await connection.execute("INSERT INTO witness VALUES ($1)", number)
            acknowledged.append(number)
            if len(acknowledged) == ENOUGH:
                os.kill(main_process, signal.SIGKILL)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await write()
    connection.terminate()
    return acknowledged


def test_a_primary_whose_volume_is_gone_is_recovered_from_the_backups(system: System) -> None:
    kept = numbers(system)
    archived(system)
    system.compose("kill", "primary")
    system.compose("rm", "--stop", "--force", "primary", "jobs")
    system.docker("volume", "rm", f"{PROJECT}_primary")
    assert system.is_served_by("REPLICA")

    system.compose("up", "--detach", "primary", "jobs")
    system.wait_healthy("jobs")
    assert not system.is_healthy("primary")
    run = json.loads(system.yukyu("restore", "start", "--latest", "--promote", "--json", seconds=600))

    assert run["state"] == "PROMOTED"
    assert numbers(system) == kept
    system.compose("up", "--detach")
    system.wait_healthy()
    eventually(lambda: system.is_served_by("REPLICA"))


def test_everything_is_there_after_down_and_up(system: System) -> None:
    kept, backups = numbers(system), json.loads(system.yukyu("backup", "list", "--json"))
    restores = json.loads(system.yukyu("restore", "list", "--json"))

    system.compose("down")
    system.compose("up", "--detach")
    system.wait_healthy()

    assert numbers(system) == kept
    assert {each["id"] for each in backups} <= {
        each["id"] for each in json.loads(system.yukyu("backup", "list", "--json"))
    }
    assert json.loads(system.yukyu("restore", "list", "--json")) == restores
    eventually(lambda: system.is_served_by("REPLICA"))  # and the token counts, so the secret is the same


def test_another_machine_is_brought_up_from_a_copy_of_the_backups(system: System, tmp_path: Path) -> None:
    kept = numbers(system)
    archived(system)
    copy = tmp_path / "backups.tar"
    copy.write_bytes(system.stream("exec", "-T", "jobs", "sh", "-c", COPY))
    system.end()

    alone = ("run", "--rm", "--no-deps", "-T", "jobs")
    system.stream(*alone, "tar", "--extract", "--directory", REPOSITORY, given=copy.read_bytes())
    run = json.loads(system.compose(*alone, "yukyu", "restore", "start", "--latest", "--promote", "--json"))
    assert run["state"] == "PROMOTED"
    system.compose("up", "--detach")
    system.wait_healthy()

    assert numbers(system) == kept
    system.token = system.compose("exec", "-T", "api", "yukyu", "token", "--role", "viewer").strip()
    eventually(lambda: system.is_served_by("REPLICA"))


def test_nothing_was_built_or_fetched_but_the_one_image(system: System) -> None:
    images = {system.container(service)["Image"] for service in ("primary", "replica", "migrate", "api", "jobs")}

    assert len(images) == 1
