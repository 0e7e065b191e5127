"""One process at a time looks after an installation."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress

import psutil
from filelock import FileLock, Timeout

from db.cluster.errors import AlreadyRunningError, UnreachableError
from db.cluster.layout import Layout


@contextmanager
def held(layout: Layout, *, supervising: bool = True) -> Generator[None]:
    """Hold a directory's lock, which the system gives back when the process dies.

    Who is not `supervising` only keeps others out, and does not look after the servers.

    Raises:
        AlreadyRunningError: another process holds it.
    """
    lock = FileLock(layout.lock)
    try:
        with allowed():
            lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyRunningError(layout.root, holder(layout)) from None
    try:
        if supervising:
            layout.pid.write_text(f"{os.getpid()}\n", encoding="ascii")
        else:
            layout.pid.unlink(missing_ok=True)
        yield
    finally:
        layout.pid.unlink(missing_ok=True)
        lock.release()


@contextmanager
def allowed() -> Generator[None]:
    """Say in a sentence that the files belong to somebody else."""
    try:
        yield
    except PermissionError as failure:
        raise UnreachableError(
            f"{failure.filename} belongs to another user, or is in a directory of another's.",
            hint="Run this as the user who runs `yukyu up`, or choose another --data-dir.",
        ) from failure


def holder(layout: Layout) -> int | None:
    """Return the process that holds a directory's lock; None when there is none."""
    with suppress(FileNotFoundError, ValueError):
        pid = int(layout.pid.read_text(encoding="ascii"))
        return pid if psutil.pid_exists(pid) else None
    return None
