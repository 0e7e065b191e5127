"""What was killed leaves processes and files behind; here they are cleared away without harm."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import structlog

from db.cluster import postmaster

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.05

# How long the processes of a dead postmaster get to notice, and what they are sent after that.
PATIENCE = ((3.0, signal.SIGQUIT), (3.0, signal.SIGKILL))

# What other leftovers are sent, and how long they get.
ENDS = ((signal.SIGINT, 5.0), (signal.SIGKILL, 5.0))


async def clear(data_directory: Path) -> None:
    """Wait until nothing of an earlier server works here, then drop a pid file that names a process of another's.

    PostgreSQL itself copes with a pid file whose process is gone, but not with one whose number was given to
    another program of the same user.
    """

    def working() -> list[psutil.Process]:
        return postmaster.orphans(data_directory)

    for patience_seconds, then in PATIENCE:
        if await _none_left(working, patience_seconds):
            postmaster.forget(data_directory)
            return
        _send(working(), then)
    if await _none_left(working, PATIENCE[-1][0]):
        postmaster.forget(data_directory)


async def clear_unfinished(directory: Path) -> None:
    """Remove a directory that was being built when its builder was killed, and end who still builds."""

    def building() -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if _builds(process, directory)]

    if found := building():
        _send(found, signal.SIGKILL)
        await _none_left(building, PATIENCE[-1][0])
    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


async def end(find: Callable[[], list[psutil.Process]]) -> None:
    """Ask processes to end, and make them when they do not."""
    for number, patience_seconds in ENDS:
        found = find()
        _send(found, number)
        if not found or await _none_left(find, patience_seconds):
            return


async def _none_left(find: Callable[[], list[psutil.Process]], patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while find():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _builds(process: psutil.Process, directory: Path) -> bool:
    try:
        builds = str(directory) in process.cmdline() or process.cwd() == str(directory)
        return builds and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        log.warning("ending what a killed process left behind", pid=process.pid, signal=number.name)
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
