"""Reads archived segments from end to end, to know that they can be."""

from dataclasses import dataclass
from pathlib import Path

from db.repository import compression, header, stored
from db.repository.place import Incarnation
from db.repository.segments import Segment


@dataclass(frozen=True)
class BadSegment:
    segment: Segment
    reason: str


def verify_segments(incarnation: Incarnation, first: Segment, last: Segment) -> list[BadSegment]:
    """Return the segments from `first` to `last` of one timeline that are missing or damaged.

    Raises:
        KeyMissingError, KeyRingError: one is encrypted, which says nothing of whether it is damaged.
    """
    numbers = range(first.number, last.number + 1)
    checked = ((segment, _fault(incarnation, segment)) for segment in (Segment(first.timeline, n) for n in numbers))
    return [BadSegment(segment, fault) for segment, fault in checked if fault]


def _fault(incarnation: Incarnation, segment: Segment) -> str | None:
    for path in _places(incarnation, segment):
        try:
            return header.misfit(stored.read(incarnation, path), segment, incarnation.system_identifier)
        except FileNotFoundError:
            continue
        except stored.DAMAGED:
            return f"{path} is damaged"
        except OSError as failure:
            return f"{path} cannot be read: {failure.strerror}"
    return "it is not in the archive"


def _places(incarnation: Incarnation, segment: Segment) -> list[Path]:
    archived = incarnation.timeline(segment.timeline) / (segment.name + compression.SUFFIX)
    # The archive once more at the end: collecting may have moved it there meanwhile.
    return [archived, incarnation.incoming / segment.name, incarnation.stream / segment.name, archived]
