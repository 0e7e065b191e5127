"""Several processes that answer on one socket: `yukyu serve --workers N`."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

import structlog

from api.commands.foreground import GRACEFUL_SECONDS, origin_of
from api.measuring import TOGETHER
from api.settings import Settings

log = structlog.get_logger(__name__)

# Who keeps the workers, for them to know.
KEEPER: Final = "YUKYU_WORKERS_KEEPER"
LOOK_SECONDS: Final = 1.0
# One that lives shorter than this failed at its start; the next is then begun later each time.
SHORT_SECONDS: Final = 10.0
LONGEST_PAUSE_SECONDS: Final = 30.0
STOP_SECONDS: Final = GRACEFUL_SECONDS + 5.0


async def keep(settings: Settings, listening: socket.socket) -> None:
    """Keep as many workers as the settings say until cancelled; one that ends is replaced.

    The socket stays open here, so that whoever connects while a worker is being replaced waits instead of being
    refused. What the workers count for `/metrics` is in a directory that they share.
    """
    log.info("serving", url=origin_of(listening), workers=settings.workers)
    with TemporaryDirectory(prefix="yukyu-workers-") as counts:
        async with asyncio.TaskGroup() as crew:
            for number in range(1, settings.workers + 1):
                crew.create_task(_keep_one(number, settings, listening, counts))


async def _keep_one(number: int, settings: Settings, listening: socket.socket, counts: str) -> None:
    failures = 0
    while True:
        began = monotonic()
        process = await _start(settings, listening, counts)
        log.info("worker started", worker=number, pid=process.pid)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        failures = failures + 1 if monotonic() - began < SHORT_SECONDS else 0
        pause = min(LONGEST_PAUSE_SECONDS, 2.0**failures - 1)
        log.error("worker ended, and another is started", worker=number, pid=process.pid, code=code, after=pause)
        await asyncio.sleep(pause)


async def _start(settings: Settings, listening: socket.socket, counts: str) -> Process:
    command = [sys.executable, "-P", "-m", "api.commands", "serve", "--socket", str(listening.fileno())]
    command += ["--workers", str(settings.workers), "--data-dir", str(settings.data_dir)]
    return await asyncio.create_subprocess_exec(
        *command,
        pass_fds=(listening.fileno(),),
        env={**os.environ, TOGETHER: counts, KEEPER: str(os.getpid())},
        start_new_session=True,  # or Ctrl-C would reach it twice
    )


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def with_its_keeper() -> AsyncGenerator[None]:
    """Stop this process when its keeper is gone, and tidy up in the keeper's place; where there is none, do nothing."""
    keeper = os.environ.get(KEEPER)
    if keeper is None:
        yield
        return
    looking = asyncio.create_task(_look_after(int(keeper)))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        if os.getppid() != int(keeper):
            shutil.rmtree(os.environ[TOGETHER], ignore_errors=True)  # the other workers do so too


async def _look_after(keeper: int) -> None:
    while os.getppid() == keeper:  # noqa: ASYNC110 - the system tells nobody but its children
        await asyncio.sleep(LOOK_SECONDS)
    log.error("the process that keeps this one is gone")
    signal.raise_signal(signal.SIGTERM)
