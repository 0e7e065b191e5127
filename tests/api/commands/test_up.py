"""`yukyu up` as a newcomer meets it: a real process, a real terminal's signals, one directory."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests import clients
from tests.api.commands.installation import Installation
from tests.db.cluster.witness import eventually

SEARCH = '{ search(query: "佐藤") { nodes { record { name } } servedBy } }'


@pytest.fixture(scope="module")
def installation(scratch: Path) -> Iterator[Installation]:
    directory = scratch / "up"
    directory.mkdir(mode=0o711)
    installation = Installation(directory / "installation")
    yield installation
    if installation.process is not None and installation.process.poll() is None:
        installation.process.terminate()
        installation.process.wait(30)


async def test_one_command_gives_a_running_system(installation: Installation) -> None:
    """Start, search, sign in, look at it, refuse a second one, stop, start after kill -9: one story, one start-up."""
    installation.start("--sample", "300")
    await installation.ready()

    found = await installation.ask(SEARCH)
    assert found["search"]["nodes"]
    assert found["search"]["servedBy"] == "REPLICA"
    await it_is_healthy(installation)

    await the_link_signs_in(installation)
    await addresses_can_be_used_as_they_are(installation)
    another_one_is_refused(installation)

    assert await installation.stop(signal.SIGKILL) == -signal.SIGKILL
    installation.start()
    await installation.ready()
    assert (await installation.ask(SEARCH))["search"]["nodes"]

    assert await installation.stop(signal.SIGTERM) == 0
    assert not list((installation.directory / "clusters").glob("*/postmaster.pid"))
    assert "installation" in installation.command("db", "url").stderr


async def it_is_healthy(installation: Installation) -> None:
    """A busy machine may miss a probe's deadline now and then; a healthy system says so within seconds."""

    async def over_graphql() -> bool:
        return (await installation.ask("{ health { status } }", "admin"))["health"]["status"] == "HEALTHY"

    async def on_the_command_line() -> bool:
        check = installation.command("check", "--json")
        return (check.returncode, json.loads(check.stdout)["status"]) == (0, "HEALTHY")

    await eventually(over_graphql)
    await eventually(on_the_command_line)


async def the_link_signs_in(installation: Installation) -> None:
    link = installation.printed(r"http://127\.0\.0\.1:\d+/sign-in\?code=\S+")
    assert link is not None
    async with clients.client() as client:
        assert (await client.get(link)).headers["location"] == "/graphql"
        me = await client.post(f"{installation.url}/graphql", json={"query": "{ me { roles } }"})
    assert me.json()["data"]["me"]["roles"] == ["admin"]


async def addresses_can_be_used_as_they_are(installation: Installation) -> None:
    for arguments, in_recovery in (((), False), (("--replica",), True)):
        printed = installation.command("db", "url", *arguments).stdout
        connection = await asyncpg.connect(printed.strip())
        assert await connection.fetchval("SELECT pg_is_in_recovery()") is in_recovery
        await connection.close()


def another_one_is_refused(installation: Installation) -> None:
    second = installation.command("up", "--port", "0")

    assert second.returncode == 1
    assert "already running" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Installation(tmp_path / "never").command("up", "--port", str(port))

    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    "arguments", [("db", "url"), ("db", "current"), ("token", "--role", "viewer"), ("serve", "--port", "0"), ("check",)]
)
def test_a_command_without_an_installation_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused = Installation(tmp_path / "nothing").command(*arguments)

    assert refused.returncode in (1, 2)
    assert str(tmp_path / "nothing") in refused.stderr.replace("\n", "")
    assert "Traceback" not in refused.stderr
