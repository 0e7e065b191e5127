"""Brings into the archive what the server hands over and what was received, and lets go of it there.

A file leaves its place only once the archive holds it, durably: whatever is
killed in between, the next collecting finds the file twice and drops one. The
same holds where it cannot be encrypted because the keys cannot be read: it
stays where it is, and is tried again.
"""

import errno
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from db.cluster.durable import sync_directory
from db.cluster.identity import Identity
from db.cluster.layout import PRIVATE, make_directory
from db.repository import compression, extent, header, history, stored
from db.repository.inventory import PARTIAL
from db.repository.place import Incarnation
from db.repository.segments import SEGMENT_BYTES, Segment

# One at a time, whichever process it is.
LOCK = "collect.lock"
BACKUP_LABEL = ".backup"
# The server's own unfinished copies.
COPYING, COPYING_SECONDS = "archtemp.", 600


@dataclass
class Collected:
    """What became of the files, by their names; why, where they could not be brought in."""

    archived: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def collect(incarnation: Incarnation, owner: Identity, *, leftovers: bool = False) -> Collected:
    """Bring in every file that is finished; one that cannot be is left where it is, and said.

    Of the unfinished segments that are received, the newest is the one that is
    being written to. `leftovers` takes that too: nobody receives any more, or
    goes on with another.

    Raises:
        OSError: the repository itself cannot be read.
    """
    outcome = Collected()
    with FileLock(incarnation.root / LOCK):
        _clear_copies(incarnation, older_seconds=COPYING_SECONDS)
        for path in _finished(incarnation, leftovers=leftovers):
            try:
                _bring_in(incarnation, owner, path, outcome)
            except FileNotFoundError:
                continue
            except stored.NO_KEY as failure:
                outcome.failed[path.name] = failure.message
            except OSError as failure:
                outcome.failed[path.name] = failure.strerror or str(failure)
                if failure.errno == errno.ENOSPC:
                    # What is brought in gives back more room than it takes; the server begins its copy again.
                    _clear_copies(incarnation, older_seconds=0)
    return outcome


def _bring_in(incarnation: Incarnation, owner: Identity, path: Path, outcome: Collected) -> None:
    content = compression.read(path)
    if path.name.endswith(PARTIAL):
        if not compression.written_bytes(content):
            path.unlink()  # it had just been begun
            return
        content = content.ljust(SEGMENT_BYTES, b"\0")
    why = _misfit(incarnation, path.name, content)
    if why is None:
        place = _place(incarnation, path.name)
        make_directory(place.parent, PRIVATE)
        owner.own(place.parent)
        why = _add(incarnation, place, content, owner, outcome)
    if why is None:
        path.unlink()
    else:
        outcome.refused[path.name] = why
        _set_aside(incarnation, owner, path)


def _add(incarnation: Incarnation, place: Path, content: bytes, owner: Identity, outcome: Collected) -> str | None:
    """Add a file to the archive; return why not, where there is another with its name."""
    present = _present(incarnation, place)
    if present == content or (present and _begins(present, content, place.name)):
        outcome.duplicates.append(place.name)
    elif present is None or _begins(content, present, place.name):
        _write(incarnation, place, content, owner)
        outcome.archived.append(place.name)
    else:
        return "the archive holds another under this name"
    return None


def _present(incarnation: Incarnation, place: Path) -> bytes | None:
    """Return what the archive holds; None where there is nothing, or only what is damaged and worth replacing."""
    try:
        return stored.read(incarnation, place)
    except (FileNotFoundError, *stored.DAMAGED):
        return None


def _begins(long: bytes, short: bytes, name: str) -> bool:
    """Return whether an unfinished segment has all the WAL of another; what is behind it means nothing."""
    segment = Segment.parse(name.partition(".")[0])
    if segment is None or PARTIAL not in name:
        return False
    end = extent.end_in(short, segment) - segment.start
    return long[:end] == short[:end] and extent.end_in(long, segment) - segment.start >= end


def _write(incarnation: Incarnation, place: Path, content: bytes, owner: Identity) -> None:
    if place.suffix == compression.SUFFIX:
        stored.write(incarnation, place, compression.compress(content), owner, incarnation.key())
    else:  # PostgreSQL looks for histories itself, and there is nothing but positions in them
        stored.write(incarnation, place, content, owner, None)
    sync_directory(place.parent)


def _set_aside(incarnation: Incarnation, owner: Identity, path: Path) -> None:
    make_directory(incarnation.refused, PRIVATE)
    owner.own(incarnation.refused)
    aside = incarnation.refused / f"{path.name}.{time.time_ns()}"
    if (key := incarnation.key()) is None:
        path.rename(aside)
        return
    stored.write(incarnation, aside, compression.raw(path), owner, key)
    sync_directory(aside.parent)
    path.unlink()


def _place(incarnation: Incarnation, name: str) -> Path:
    if history.NAME.fullmatch(name):
        return incarnation.wal / name
    return incarnation.wal / name[:8] / (name + compression.SUFFIX)


def _misfit(incarnation: Incarnation, name: str, content: bytes) -> str | None:
    segment = Segment.parse(name)
    return header.misfit(content, segment, incarnation.system_identifier) if segment else None


def _finished(incarnation: Incarnation, *, leftovers: bool) -> list[Path]:
    """Return what may be brought in, oldest first."""
    received = sorted(incarnation.stream.iterdir())
    unfinished = [path for path in received if path.name.endswith(PARTIAL)]
    busy = None if leftovers or not unfinished else unfinished[-1]
    waiting = (*sorted(incarnation.incoming.iterdir()), *(path for path in received if path != busy))
    return [path for path in waiting if _is_known(path.name)]


def _is_known(name: str) -> bool:
    if name.endswith(BACKUP_LABEL):
        return Segment.parse(name[:24]) is not None
    return bool(Segment.parse(name.removesuffix(PARTIAL)) or history.NAME.fullmatch(name))


def _clear_copies(incarnation: Incarnation, *, older_seconds: float) -> None:
    """Remove the copies that the server has left unfinished: when it crashed, and each time the disk was full."""
    for path in incarnation.incoming.iterdir():
        with suppress(FileNotFoundError):  # it has just got its name
            if path.name.startswith(COPYING) and time.time() - path.stat().st_mtime > older_seconds:
                path.unlink()
