"""Runs PostgreSQL's programs as the user they need.

By `subprocess` in a thread instead of asyncio's own: uvloop cannot start a program as another user.
"""

import asyncio
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from db.cluster.errors import ProgramError
from db.cluster.identity import Identity

# What a program gets of our environment: nothing secret, and no PG* variable of somebody's shell.
KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"} | dict(extra or {})


async def run(
    command: Sequence[str | Path],
    user: Identity,
    *,
    secrets: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end and return what it printed; cancelling kills it.

    Args:
        command: The program and its arguments, none of them secret: they are in the process list.
        user: Whom it runs as.
        secrets: Environment variables for it alone.
        on_line: Called, in this thread, with each line of its output, progress reports included.

    Raises:
        ProgramError: it ended with another exit code than 0.
    """
    started, options = user.command(command)
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - it returns at once; our own fixed programs
        started,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd="/",
        env=environment(secrets),
        start_new_session=True,
        **options,
    )
    loop = asyncio.get_running_loop()

    def report(line: str) -> None:
        if on_line and not loop.is_closed():
            loop.call_soon_threadsafe(on_line, line)

    reading = asyncio.ensure_future(asyncio.to_thread(_read, process, report))
    try:
        output = await asyncio.shield(reading)
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # pg_basebackup has a child that would go on without it
        await reading
        raise
    if process.returncode != 0:
        raise ProgramError(Path(command[0]).name, process.returncode, output)
    return output


def _read(process: subprocess.Popen[str], report: Callable[[str], None]) -> str:
    with process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        lines: deque[str] = deque(maxlen=50)
        for line in process.stdout:  # universal newlines: a carriage return ends a line of progress too
            report(line.rstrip())
            lines.append(line)
    return "".join(lines)


def start_detached(command: Sequence[str | Path], user: Identity, output: Path) -> subprocess.Popen[bytes]:
    """Start a server that outlives us and that a terminal's Ctrl-C does not reach; `output` has its first words."""
    started, options = user.command(command)
    with output.open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own fixed programs
            started,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment(),
            start_new_session=True,
            **options,
        )
