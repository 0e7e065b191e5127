"""Ends a server: in order if it lets us, by force in the end."""

import asyncio
import signal
import time

import structlog

from db.cluster import remains
from db.cluster.postmaster import Postmaster

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.02

# How long an orderly shutdown may take, then an immediate one, before the processes are killed.
STOPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))


async def end(postmaster: Postmaster, name: str) -> None:
    for number, patience_seconds in STOPS:
        postmaster.signal(number)
        if await _gone(postmaster, patience_seconds):
            log.info("server stopped", server=name, pid=postmaster.pid)
            return
        log.warning("server does not stop", server=name, pid=postmaster.pid, after=number.name)
    postmaster.signal(signal.SIGKILL)
    await _gone(postmaster, STOPS[-1][1])
    await remains.clear(postmaster.data_directory)


async def _gone(postmaster: Postmaster, patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while postmaster.alive:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
