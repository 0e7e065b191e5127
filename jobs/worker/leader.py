"""One worker at a time: a file lock in the state directory, which the system gives back when its holder dies."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from db.errors import AppError

log = structlog.get_logger(__name__)

FILE = "worker.lock"
RETRY_SECONDS = 0.5
ATTEMPTS = 5


class WorkerBusyError(AppError):
    """Another process is the worker of this installation."""


@asynccontextmanager
async def leading(state_dir: Path) -> AsyncGenerator[None]:
    """Wait until no other process is the worker, and be it."""
    lock = FileLock(state_dir / FILE)
    if not _acquired(lock):
        log.info("waiting", reason="Another worker looks after this installation.")
        while not _acquired(lock):  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(RETRY_SECONDS)
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def leading_now(state_dir: Path) -> AsyncGenerator[None]:
    """Be the worker for a while.

    Raises:
        WorkerBusyError: another process is.
    """
    lock = FileLock(state_dir / FILE)
    for _ in range(ATTEMPTS):  # somebody may just be asking whether there is one
        if _acquired(lock):
            break
        await asyncio.sleep(RETRY_SECONDS / ATTEMPTS)
    else:
        raise WorkerBusyError(
            "A worker looks after this installation already.",
            hint="Leave it to that one, or stop `yukyu up` or `yukyu work` first.",
        )
    try:
        yield
    finally:
        lock.release()


def is_led(state_dir: Path) -> bool:
    """Return whether some process is the worker now."""
    lock = FileLock(state_dir / FILE)
    if not _acquired(lock):
        return True
    lock.release()
    return False


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
