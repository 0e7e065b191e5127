"""`yukyu up` as a newcomer meets it: a real process, a real terminal's signals, one directory."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.db.cluster.witness import eventually

YUKYU = str(Path(sys.executable).parent / "yukyu")
SEARCH = '{ search(query: "佐藤") { nodes { record { name } } servedBy } }'


class Installation:
    """A directory, and the process that runs in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [YUKYU, "up", "--data-dir", str(self.directory), "--port", "0", *arguments],
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"YUKYU_LOG_FORMAT": "json"},
            )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [YUKYU, *arguments, "--data-dir", str(self.directory)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def printed(self, pattern: str) -> str | None:
        found = re.search(pattern, self.log.read_text("utf-8"))
        return found[0] if found else None

    @property
    def url(self) -> str:
        url = self.printed(r"http://127\.0\.0\.1:\d+")
        assert url is not None
        return url

    async def ready(self) -> None:
        assert self.process is not None
        async with asyncio.timeout(90):
            while True:
                assert self.process.poll() is None, self.log.read_text("utf-8")
                if self.printed(r"http://127\.0\.0\.1:\d+"):
                    async with httpx.AsyncClient() as client:
                        try:
                            if (await client.get(f"{self.url}/readyz")).status_code == 200:
                                return
                        except httpx.TransportError:
                            pass
                await asyncio.sleep(0.1)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, 30)

    async def ask(self, document: str, role: str = "viewer") -> dict[str, Any]:
        token = self.command("token", "--role", role).stdout.strip()
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(
                f"{self.url}/graphql", json={"query": document}, headers={"authorization": f"Bearer {token}"}
            )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]


@pytest.fixture(scope="module")
def installation(scratch: Path) -> Iterator[Installation]:
    directory = scratch / "up"
    directory.mkdir(mode=0o711)
    installation = Installation(directory / "installation")
    yield installation
    if installation.process is not None and installation.process.poll() is None:
        installation.process.terminate()
        installation.process.wait(30)


@pytest.mark.timeout(180)
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
    async with httpx.AsyncClient() as client:
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
