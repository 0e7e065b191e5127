"""Lets go of WAL that no kept backup needs."""

from collections.abc import Mapping

from db.cluster.durable import sync_directory
from db.repository.inventory import TIMELINE
from db.repository.place import Incarnation
from db.repository.segments import Segment


def expire_wal(incarnation: Incarnation, keep_from: Mapping[int, Segment]) -> int:
    """Remove what is older than the segment given for its timeline; return how many files there were.

    Timelines that are not named keep all they have, and history files stay.
    """
    removed = 0
    for timeline, oldest in keep_from.items():
        directory = incarnation.timeline(timeline)
        if not directory.is_dir():
            continue
        for path in sorted(directory.iterdir()):
            segment = Segment.parse(path.name[: len(oldest.name)])
            if segment and segment.number < oldest.number:
                path.unlink(missing_ok=True)
                removed += 1
        sync_directory(directory)
    return removed


def timelines(incarnation: Incarnation) -> list[int]:
    """Return the timelines that the archive holds WAL of, oldest first."""
    if not incarnation.wal.is_dir():
        return []
    return sorted(int(entry.name, 16) for entry in incarnation.wal.iterdir() if TIMELINE.fullmatch(entry.name))
