"""The whole system in containers, as docker-compose.yml describes it: a project of its own beside any other."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PROJECT = "yukyu-test"
SERVICES = ("primary", "replica", "api", "jobs")
SQL = 'exec psql "$(yukyu db url)" -X -A -t -q -v ON_ERROR_STOP=1 -c "$1"'
SEARCH = '{ search(query: "佐々木", first: 3) { totalCount servedBy nodes { record { name } } } }'
POLL_SECONDS = 0.5


class System:
    def __init__(self, settings: Path, image: str) -> None:
        self.port, self.primary_port, self.replica_port = free_ports(3)
        self._environment = os.environ | {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "YUKYU_ENV_FILE": str(settings),
            "YUKYU_IMAGE": image,
            "YUKYU_PORT": str(self.port),
            "YUKYU_SUBNET": "172.28.254.0/24",
            "YUKYU_PRIMARY_PORT": str(self.primary_port),
            "YUKYU_REPLICA_PORT": str(self.replica_port),
        }
        self.token = ""

    def docker(self, *arguments: str, seconds: float = 300) -> str:
        return run("docker", *arguments, environment=self._environment, seconds=seconds)

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        return self.docker("compose", *arguments, seconds=seconds)

    def stream(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what a command of compose writes, as it is."""
        command = ("docker", "compose", *arguments)
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, input=given, capture_output=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def yukyu(self, *arguments: str, seconds: float = 300) -> str:
        return self.compose("exec", "-T", "jobs", "yukyu", *arguments, seconds=seconds)

    def sql(self, statement: str) -> str:
        return self.compose("exec", "-T", "jobs", "sh", "-c", SQL, "sh", statement).strip()

    def container(self, service: str) -> dict[str, Any]:
        name = self.compose("ps", "--all", "--quiet", service).strip()
        return json.loads(self.docker("inspect", name))[0] if name else {}

    def is_healthy(self, service: str) -> bool:
        state = self.container(service).get("State", {})
        return state.get("Running") is True and state["Health"]["Status"] == "healthy"

    def wait_healthy(self, *services: str, seconds: float = 300) -> None:
        for service in services or SERVICES:
            eventually(lambda service=service: self.is_healthy(service), seconds=seconds)

    def ask(self, document: str) -> dict[str, Any]:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": document},
            headers={"authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    def search(self) -> dict[str, Any]:
        found = self.ask(SEARCH)["search"]
        assert found["nodes"]
        return found

    def is_served_by(self, role: str) -> bool:
        return self.search()["servedBy"] == role

    def end(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")


def run(*command: str, environment: Mapping[str, str], seconds: float) -> str:
    """Return what a command printed; its last words are part of the failure."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def eventually(condition: Callable[[], object], *, seconds: float = 120) -> None:
    """Wait until something becomes true; whoever does not answer meanwhile may come back."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it does not become true"
        time.sleep(POLL_SECONDS)


def free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()
