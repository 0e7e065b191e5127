"""Who is measured, each started on a free port of loopback, with the requests that are put to them in a file."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server
from typing import Any

import httpx
from search_kinds import ILIKE

from api.tokens import Tokens
from db.search import EmployeeTable
from db.search.statement import statement_for
from schema.roles import Role

HITS = 20
SECRET = "a secret of the benchmark, long enough to sign with"  # noqa: S105 - nobody else's
PATIENCE_SECONDS = 120
PEER = Path(__file__).with_name("postgraphile")

OURS = """query Search($query: String!) { search(query: $query, first: 20) { nodes { score record {
  id table employeeNum name kana status lastUpdated
  ... on VacationEmployee { haken }
  ... on DispatchEmployee { dispatchName hireDate }
  ... on ContractEmployee { contractBusiness hireDate }
  ... on StaffMember { office hireDate }
} } } }"""
PEERS = """query Search($query: String!) { FUNCTION(query: $query, howMany: 20) { nodes {
  score recordId inTable employeeNum name kana status lastUpdated workplace hireDate
} } }"""

COMMON = ("employee_num", "name", "last_updated")
PERSON = (*COMMON, "kana", "status", "hire_date")
COLUMNS = {
    EmployeeTable.EMPLOYEES: (*COMMON, "haken"),
    EmployeeTable.GENZAI: (*PERSON, "dispatch_name"),
    EmployeeTable.UKEOI: (*PERSON, "contract_business"),
    EmployeeTable.STAFF: (*PERSON, "office"),
}


@dataclass(frozen=True)
class Contender:
    """`file` has what is asked; `url` and `pid` are those of a server; `connections` the only ones to try, if any."""

    name: str
    file: Path
    url: str | None = None
    pid: int | None = None
    connections: Sequence[int] = ()


@asynccontextmanager
async def statement(name: str, database: str, texts: list[str], directory: Path) -> AsyncGenerator[Contender]:
    """The statement that this API sends, on connections of asyncpg."""
    scope = ("{1,2,3,4}", None, None, None, HITS + 1, *(None,) * 5, 0)
    sql = statement_for(tuple(EmployeeTable), COLUMNS, highlight=False).sql
    file = directory / "statement.json"
    asked = {"url": database, "statement": sql, "arguments": [[text, *scope] for text in texts]}
    file.write_text(json.dumps(asked), encoding="utf-8")
    yield Contender(name, file)


@asynccontextmanager
async def ilike(name: str, database: str, texts: list[str], directory: Path) -> AsyncGenerator[Contender]:
    """ILIKE over the columns that are searched, on one connection."""
    file = directory / "ilike.json"
    asked = {"url": database, "statement": ILIKE, "arguments": [[f"%{text}%"] for text in texts]}
    file.write_text(json.dumps(asked), encoding="utf-8")
    yield Contender(name, file, connections=(1,))


@asynccontextmanager
async def ours(name: str, database: str, texts: list[str], directory: Path) -> AsyncGenerator[Contender]:
    """`yukyu serve` as it is in production, without the limits on how much one user and one address may ask."""
    now = datetime.now(UTC)
    token = Tokens(SECRET).mint("bench", [Role.VIEWER], lifetime=timedelta(days=1), now=now)
    environment = {
        "YUKYU_DATABASE_URL": database,
        "YUKYU_DATA_DIR": str(directory / "data"),
        "YUKYU_JWT_SECRET": SECRET,
        "YUKYU_RATE_LIMIT_ADDRESS": "off",
        "YUKYU_RATE_LIMIT_USER": "off",
        "YUKYU_OPERATIONS_PER_USER": "100000",
        "YUKYU_LOG_FORMAT": "json",
    }
    command = [str(Path(sys.executable).with_name("yukyu")), "serve", "--host", "127.0.0.1"]
    async with _served(command, environment, directory / "api.log", ready="/readyz") as (port, pid):
        url = f"http://127.0.0.1:{port}/graphql"
        bodies = [json.dumps({"query": OURS, "variables": {"query": text}}) for text in texts]
        await _agree(url, bodies, token)
        yield Contender(name, _file(directory / "ours", bodies, f"Bearer {token}"), url, pid)


@asynccontextmanager
async def postgraphile(
    name: str, database: str, texts: list[str], directory: Path, *, function: str
) -> AsyncGenerator[Contender]:
    """PostGraphile over a function of its schema `peer`."""
    if not (PEER / "node_modules").is_dir():
        await asyncio.to_thread(
            subprocess.run, ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PEER, check=True
        )
    command = ["node", str(PEER / "server.mjs")]
    async with _served(command, {"DATABASE_URL": database}, directory / "peer.log", ready="/") as (port, pid):
        url = f"http://127.0.0.1:{port}/graphql"
        document = PEERS.replace("FUNCTION", function)
        bodies = [json.dumps({"query": document, "variables": {"query": text}}) for text in texts]
        await _agree(url, bodies, None)
        yield Contender(name, _file(directory / function, bodies, "none"), url, pid)


@asynccontextmanager
async def _served(
    command: list[str], environment: dict[str, str], log: Path, *, ready: str
) -> AsyncGenerator[tuple[int, int]]:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("ab") as said:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own programs
            [*command, "--port", str(port)],
            env={**os.environ, **environment},
            stdout=said,
            stderr=said,
            start_new_session=True,  # npm's node may be a script that starts another
        )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await _is_ready(f"http://127.0.0.1:{port}{ready}", process, log)
        yield port, process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await asyncio.to_thread(process.wait)


async def _is_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    async with httpx.AsyncClient() as client:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"It ended: {(await asyncio.to_thread(log.read_text, 'utf-8'))[-2000:]}")
            try:
                if (await client.get(url)).status_code < 500:  # noqa: PLR2004 - it answers
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.2)


async def _agree(url: str, bodies: list[str], token: str | None) -> None:
    """See that every request is answered with hits, or with none, before it is put many times."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS) as client:
        for body in bodies:
            answer: dict[str, Any] = (await client.post(url, content=body)).json()
            if answer.get("errors") or not answer.get("data"):
                raise RuntimeError(f"{url} refuses {body[:300]}: {answer}")


def _file(path: Path, bodies: list[str], authorization: str) -> Path:
    path.write_text("\n".join([authorization, *bodies]) + "\n", encoding="utf-8")
    return path
