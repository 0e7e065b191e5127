"""One process at a time looks after a server: the one that looks after them all, or the server's own node."""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from db.cluster.errors import AlreadyRunningError, UnreachableError
from db.cluster.layout import Layout

SERVERS = ("primary", "replica")


@contextmanager
def held(layout: Layout, *, supervising: bool = True) -> Generator[None]:
    """Hold a directory's locks, which the system gives back when the process dies.

    Who is not `supervising` only keeps others out, and does not look after the servers.

    Raises:
        AlreadyRunningError: another process holds one of them.
    """
    with ExitStack() as locks:
        for path in (layout.lock, *map(layout.server_lock, SERVERS)):
            locks.enter_context(_locked(layout, path))
        layout.pid.unlink(missing_ok=True)
        if supervising:
            locks.enter_context(_known_by(layout.pid))
        yield


@contextmanager
def server_held(layout: Layout, server: str) -> Generator[None]:
    """Hold the lock of one server: its node looks after it.

    Raises:
        AlreadyRunningError: another process looks after it, or after all of them.
    """
    with _locked(layout, layout.server_lock(server)), _known_by(layout.server_pid(server)):
        yield


@contextmanager
def _locked(layout: Layout, path: Path) -> Generator[None]:
    lock = FileLock(path)
    try:
        with allowed():
            lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyRunningError(layout.root, holder(layout)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _known_by(pid: Path) -> Generator[None]:
    pid.write_text(f"{os.getpid()}\n", encoding="ascii")
    try:
        yield
    finally:
        pid.unlink(missing_ok=True)


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
    """Return a process that looks after the servers of a directory; None when there is none."""
    for path in (layout.pid, *map(layout.server_pid, SERVERS)):
        with suppress(FileNotFoundError, ValueError):
            pid = int(path.read_text(encoding="ascii"))
            if psutil.pid_exists(pid):
                return pid
    return None
