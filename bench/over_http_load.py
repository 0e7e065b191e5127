"""Puts load on a contender for a while: by `wrk` over HTTP, by a process of our own on bare connections."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from over_http_contenders import Contender

HERE = Path(__file__).parent
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """Milliseconds; requests a second; milliseconds of CPU a request; requests that failed."""

    p50: float
    p95: float
    p99: float
    rate: float
    cpu: float
    failed: int


async def put(contender: Contender, connections: int, seconds: int, *, pause_ms: int = 0) -> Load:
    """Let a contender work for so many seconds; with a pause, each connection waits so long before it asks again.

    Raises:
        RuntimeError: the generator of the load failed; the message has what it said.
    """
    before = _cpu(contender)
    if contender.url is None:
        options = [
            sys.executable,
            str(HERE / "over_http_bare.py"),
            contender.name,
            str(contender.file),
            str(connections),
        ]
        said = await _output(*options, str(seconds))
    else:
        options = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            str(HERE / "over_http_load.lua"),
            contender.url,
        ]
        said = await _output(*options, "--", str(contender.file), str(pause_ms))
    found = json.loads(said.strip().splitlines()[-1])
    cpu_seconds = found.get("cpu_seconds") or _cpu(contender) - before
    answers = max(1, found["answers"])
    return Load(
        p50=found["p50"],
        p95=found["p95"],
        p99=found["p99"],
        rate=found["answers"] / found["seconds"],
        cpu=cpu_seconds / answers * 1000,
        failed=found["failed"],
    )


def _cpu(contender: Contender) -> float:
    """Return the seconds of CPU that a contender's processes have had."""
    if contender.pid is None:
        return 0.0
    process = psutil.Process(contender.pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {said.decode()}")
    return said.decode()
