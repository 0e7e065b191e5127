"""`yukyu serve` in a process of its own, over the tests' database."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from api.tokens import Tokens
from schema.roles import Role
from tests import clients
from tests.api.commands.installation import YUKYU
from tests.conftest import Database
from tests.forking import Lasting, lasting

SECRET = "a secret of the tests, long enough to sign with"


@dataclass(frozen=True)
class ServerProcess:
    url: str
    process: subprocess.Popen[bytes] | Lasting
    log: Path

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"

    @property
    def resident_bytes(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    @property
    def cpu_seconds(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def token(self, name: str, *roles: Role) -> str:
        minted = Tokens(SECRET).mint(name, roles or (Role.VIEWER,), lifetime=timedelta(hours=1), now=datetime.now(UTC))
        return f"Bearer {minted}"

    def client(self, name: str = "aiko", *roles: Role, **options: Any) -> httpx.AsyncClient:
        headers = {"authorization": self.token(name, *roles)}
        return clients.client(base_url=self.url, headers=headers, timeout=60, **options)


@asynccontextmanager
async def serving(
    database: Database, directory: Path, *, forked: bool = True, **settings: str
) -> AsyncGenerator[ServerProcess]:
    """Serve a database with these settings, by their names without `YUKYU_` and in small letters.

    It is forked from a process that has imported all, or started as anybody starts it.
    """
    log = directory / "serve.log"
    given = {
        "database_url": database.primary_url,
        "replica_urls": database.replica_url,
        "data_dir": str(directory),
        "jwt_secret": SECRET,
        "log_format": "json",
    }
    process = _start(given | settings, log, forked=forked)
    try:
        yield ServerProcess(await _ready(process, log), process, log)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


def _start(settings: dict[str, str], log: Path, *, forked: bool) -> subprocess.Popen[bytes] | Lasting:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("YUKYU_")}
    environment |= {f"YUKYU_{name.upper()}": value for name, value in settings.items()}
    with log.open("wb") as sink:
        if forked:
            return lasting("serve", "--port", "0", stderr=sink.fileno(), env=environment)
        return subprocess.Popen([YUKYU, "serve", "--port", "0"], stderr=sink, stdin=subprocess.DEVNULL, env=environment)


async def _ready(process: subprocess.Popen[bytes] | Lasting, log: Path) -> str:
    async with asyncio.timeout(90), clients.client() as client:
        while True:
            assert process.poll() is None, log.read_text("utf-8")
            if found := re.search(r'"url": ?("http://[^"]+")', log.read_text("utf-8")):
                url: str = json.loads(found[1])
                try:
                    if (await client.get(f"{url}/readyz")).is_success:
                        return url
                except httpx.TransportError:
                    pass
            await asyncio.sleep(0.1)
