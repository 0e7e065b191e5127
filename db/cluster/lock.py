"""One process at a time looks after a server: the one that looks after them all, or the server's own node.

The process may be in another container, where its number means nothing here: whether it lives is asked of its locks.
"""

import fcntl
import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from db.cluster.errors import AlreadyRunningError, UnreachableError
from db.cluster.layout import Layout

SERVERS = ("primary", "replica")

# What a process had begun to start when it was killed holds its locks until that has become a program of its own.
LETTING_GO_SECONDS = 0.5

# Names the container, as far as processes are concerned; systems without such a thing have one for all.
PROCESSES = Path("/proc/self/ns/pid")


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
            lock.acquire(timeout=LETTING_GO_SECONDS, poll_interval=LETTING_GO_SECONDS / 20)
    except Timeout:
        raise AlreadyRunningError(layout.root, holder(layout)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _known_by(pid: Path) -> Generator[None]:
    """Say who holds a lock, in a file that is locked itself: reading it disturbs nobody who tries the lock."""
    with pid.open("a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # whoever reads it holds it for a moment only
        file.truncate(0)
        file.write(f"{os.getpid()} {_processes()}\n")
        file.flush()
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


def holder(layout: Layout, servers: Sequence[str] = SERVERS) -> int | None:
    """Return a process that looks after one of these servers of a directory; None when there is none."""
    paths = (layout.pid, *map(layout.server_pid, servers))
    return next((int(said[0]) for path in paths if (said := _said(path))), None)


def is_elsewhere(layout: Layout, server: str) -> bool:
    """Return whether a server is looked after from another container, whose processes cannot be seen from here."""
    said = [found for path in (layout.pid, layout.server_pid(server)) if (found := _said(path))]
    return any(processes != _processes() for _, processes in said)


def _said(pid: Path) -> tuple[str, str] | None:
    """Return the number and the container of who holds a lock; None where it is dead, or has said nothing yet."""
    try:
        with pid.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                number, _, processes = file.read().strip().partition(" ")
                return (number, processes) if number.isdigit() else None
    except FileNotFoundError:
        return None
    return None


def _processes() -> str:
    try:
        return str(PROCESSES.readlink())
    except OSError:
        return ""
