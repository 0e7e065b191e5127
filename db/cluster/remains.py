"""What a server that was killed leaves behind, and how it is cleared away without harm."""

import asyncio
import signal
from pathlib import Path

import psutil
import structlog

from db.cluster import postmaster

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.05

# How long the processes of a dead postmaster get to notice, and what they are sent after that.
PATIENCE = ((3.0, signal.SIGQUIT), (3.0, signal.SIGKILL))


async def clear(data_directory: Path) -> None:
    """Wait until nothing of an earlier server works here, then drop a pid file that names a process of another's.

    PostgreSQL itself copes with a pid file whose process is gone, but not with one whose number was given to
    another program of the same user.
    """
    for patience_seconds, then in PATIENCE:
        if await _alone(data_directory, patience_seconds):
            break
        for process in postmaster.orphans(data_directory):
            log.warning("stopping a process of a dead server", pid=process.pid, directory=str(data_directory))
            _send(process, then)
    await _alone(data_directory, PATIENCE[-1][0])
    if not postmaster.orphans(data_directory):
        postmaster.forget(data_directory)


async def _alone(data_directory: Path, patience_seconds: float) -> bool:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while postmaster.orphans(data_directory):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
