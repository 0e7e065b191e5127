"""Gives a recovery the segments of an encrypted archive: decrypted, in a directory that is like a small archive.

PostgreSQL's user fetches them by a shell script, which has no keys. They stay compressed, so that the directory takes
as much room as they do in the archive. What waits to be collected goes in too: by the time that it is asked for, it may
have been collected, and so encrypted.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from db.cluster.identity import Identity
from db.cluster.layout import PRIVATE, make_directory
from db.repository import compression, sealed, stored
from db.repository.inventory import PARTIAL
from db.repository.place import Incarnation
from db.repository.segments import SEGMENT_BYTES, Segment


def keys_of(incarnation: Incarnation, segments: Iterable[Segment]) -> dict[str, Segment]:
    """Return the keys that archived segments are encrypted with, by their ids, each with the first that needs it.

    One that was damaged so that it does not say is left out: it will not open.
    """
    found: dict[str, Segment] = {}
    for segment in segments:
        for path in _archived(incarnation, segment):
            with suppress(FileNotFoundError):
                key_id = sealed.key_of_file(path)
                if key_id is not None and key_id != sealed.UNKNOWN:
                    found.setdefault(key_id, segment)
    return found


def size_bytes(incarnation: Incarnation, segments: Iterable[Segment]) -> int:
    """Return how much room `provide` needs, at most."""
    return sum(_size(incarnation, segment) for segment in segments)


def provide(incarnation: Incarnation, owner: Identity, segments: Iterable[Segment], directory: Path) -> None:
    """Put segments into a new directory, where `restore_command` can be told to take them from.

    One that is nowhere is left out. What was there is removed first.

    Raises:
        OSError: one cannot be read or written.
        SealBrokenError: one is not what was written.
        KeyMissingError, KeyRingError: the key of one is not to be had.
    """
    shutil.rmtree(directory, ignore_errors=True)
    inside = Incarnation(directory)
    for place in (directory, inside.wal, inside.incoming, inside.stream):
        _make(place, owner)
    for segment in segments:
        add(incarnation, owner, segment, directory)


def add(incarnation: Incarnation, owner: Identity, segment: Segment, directory: Path) -> None:
    """Put one more segment into what `provide` has made; raises what that does."""
    inside = Incarnation(directory)
    for path in _places(incarnation, segment):
        try:
            content = _compressed(incarnation, path)
        except FileNotFoundError:
            continue
        if content is not None:
            timeline = inside.timeline(segment.timeline)
            _make(timeline, owner)
            copy = timeline / (path.name.removesuffix(compression.SUFFIX) + compression.SUFFIX)
            copy.write_bytes(content)
            copy.chmod(0o600)
            owner.own(copy)
            return


def _compressed(incarnation: Incarnation, path: Path) -> bytes | None:
    """Return what is to be written of a file, still compressed or newly so; None where nothing is in it yet."""
    if path.suffix == compression.SUFFIX:
        return stored.content(incarnation, path)
    content = compression.raw(path)
    begun = path.name.endswith(PARTIAL) and len(content) != SEGMENT_BYTES
    return None if begun else compression.compress(content)


def _places(incarnation: Incarnation, segment: Segment) -> Iterator[Path]:
    """Yield where a segment may be, in the order in which the restore command looks."""
    whole, partial = _archived(incarnation, segment)
    yield whole
    yield incarnation.incoming / segment.name
    yield incarnation.stream / segment.name
    # The archive once more: collecting may have moved it there meanwhile.
    yield whole
    yield incarnation.stream / (segment.name + PARTIAL)
    yield incarnation.incoming / (segment.name + PARTIAL)
    yield partial
    # An unfinished one has become whole, or was collected.
    yield incarnation.stream / segment.name
    yield whole


def _archived(incarnation: Incarnation, segment: Segment) -> tuple[Path, Path]:
    directory = incarnation.timeline(segment.timeline)
    return (
        directory / (segment.name + compression.SUFFIX),
        directory / (segment.name + PARTIAL + compression.SUFFIX),
    )


def _size(incarnation: Incarnation, segment: Segment) -> int:
    for path in _archived(incarnation, segment):
        with suppress(FileNotFoundError):
            return path.stat().st_size
    return SEGMENT_BYTES


def _make(directory: Path, owner: Identity) -> None:
    make_directory(directory, PRIVATE)
    owner.own(directory)
