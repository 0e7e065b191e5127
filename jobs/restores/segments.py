"""The WAL of an encrypted archive, as a recovery can read it."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from db.lsn import Lsn
from db.repository import Incarnation, Segment, opening, stored
from db.repository.history import Lineage
from db.repository.sealed import KeyMissingError
from db.restores.server import segments_of
from jobs.backups import space
from jobs.restores.plan import Course
from jobs.site import Site


def segments_for(site: Site, incarnation: Incarnation, place: Path, course: Course, start: Lsn) -> Path | None:
    """Decrypt what recovery needs from `start` to the end of its course; return where it is.

    None where nothing is encrypted: then it is taken from the archive itself.

    Raises:
        KeyMissingError, KeyRingError: something is encrypted, and its key is not to be had.
        SealBrokenError: something is not what was written.
        NoSpaceError: the disk has no room for it.
    """
    lineage = Lineage.read(incarnation, course.goal.timeline)
    segments = list(lineage.segments(start, course.end))
    if incarnation.keys is None:
        _require_plain(incarnation, segments)
        return None
    directory = segments_of(place)
    space.require_free(
        directory.parent,
        opening.size_bytes(incarnation, segments),
        "Decrypting the WAL for the recovery",
        hint="Make room there, or restore to a moment nearer to a backup.",
    )
    opening.provide(incarnation, site.installation.user, segments, directory)
    # PostgreSQL stops when it sees what is behind its goal, which may be in the next segment. It can do without.
    behind = lineage.segment_at(Segment.of(0, Lsn(course.end - 1)).number + 1)
    with suppress(OSError, *stored.DAMAGED, *stored.NO_KEY):
        opening.add(incarnation, site.installation.user, behind, directory)
    return directory


def _require_plain(incarnation: Incarnation, segments: Sequence[Segment]) -> None:
    for key_id, segment in opening.keys_of(incarnation, segments).items():
        raise KeyMissingError(f"The WAL segment {segment.name}", key_id)
