"""An installation as commands meet it: real processes on one directory."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import clients, forking

PATIENCE_SECONDS = 90
YUKYU = str(Path(sys.executable).parent / "yukyu")
LOGGING = {"YUKYU_LOG_FORMAT": "json"}


class Installation:
    """A directory, and the process that runs in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | forking.Lasting | None = None
        self._tokens: dict[str, str] = {}

    def start(self, *arguments: str) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [YUKYU, *self._up(arguments)], stderr=log, stdin=subprocess.DEVNULL, env=os.environ | LOGGING
            )

    def fork(self, *arguments: str) -> None:
        """Start it as `start` does, without waiting for its imports."""
        with self.log.open("wb") as log:
            self.process = forking.lasting(*self._up(arguments), stderr=log.fileno(), env=os.environ | LOGGING)

    def _up(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return ("up", "--data-dir", str(self.directory), "--port", "0", *arguments)

    def beside(self, *arguments: str) -> forking.Lasting:
        """Start another process that lasts, on the same directory; its log goes where the first one's does."""
        with self.log.open("ab") as log:
            told = (*arguments, "--data-dir", str(self.directory))
            return forking.lasting(*told, stderr=log.fileno(), env=os.environ | LOGGING)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return forking.yukyu(*arguments, "--data-dir", self.directory)

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
        async with asyncio.timeout(180):
            while True:
                assert self.process.poll() is None, self.log.read_text("utf-8")
                if self.printed(r"http://127\.0\.0\.1:\d+"):
                    async with clients.client() as client:
                        try:
                            if (await client.get(f"{self.url}/readyz")).status_code == 200:
                                return
                        except httpx.TransportError:
                            pass
                await asyncio.sleep(0.1)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, PATIENCE_SECONDS)

    def end(self) -> None:
        """Stop what still runs; a process that does not stop is killed, and what it said is shown."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"`yukyu up` did not stop. It said:\n{self.log.read_text('utf-8')}")

    async def ask(self, document: str, role: str = "viewer") -> dict[str, Any]:
        if role not in self._tokens:
            self._tokens[role] = self.command("token", "--role", role).stdout.strip()
        async with clients.client(timeout=30) as client:
            answer = await client.post(
                f"{self.url}/graphql",
                json={"query": document},
                headers={"authorization": f"Bearer {self._tokens[role]}"},
            )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]
