"""Which WAL the archive holds, and which is missing. From the names of files alone, so that it is quick."""

import os
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Self

from db.lsn import Lsn
from db.repository import compression, extent, stored
from db.repository.history import Lineage
from db.repository.place import Incarnation
from db.repository.segments import Segment

TIMELINE = re.compile(r"[0-9A-F]{8}")
PARTIAL = ".partial"


class Grade(StrEnum):
    """WAL-G's: what is missing behind all that is here may only be late; what is missing before it is lost."""

    FOUND = "FOUND"
    DELAYED = "DELAYED"
    LOST = "LOST"


@dataclass(frozen=True)
class Gap:
    """Segments of one timeline that follow each other and share a grade."""

    timeline: int
    first: Segment
    last: Segment
    grade: Grade


@dataclass(frozen=True)
class Inventory:
    """What was there when it was read: whole segments, and files of unfinished ones."""

    segments: Mapping[int, AbstractSet[int]] = field(default_factory=dict)
    partials: Mapping[Segment, tuple[Path, ...]] = field(default_factory=dict)
    # Where the files are; None where nothing is.
    incarnation: Incarnation | None = field(default=None, compare=False)

    @classmethod
    def read(cls, incarnation: Incarnation) -> Self:
        """Read the archive and what waits to be collected; an archive that is not there holds nothing."""
        segments: dict[int, set[int]] = {}
        partials: dict[Segment, tuple[Path, ...]] = {}
        # The archive is read last: what is collected meanwhile is seen twice rather than not at all.
        for path in (*_files(incarnation.incoming), *_files(incarnation.stream), *_archived(incarnation)):
            name = path.name.removesuffix(compression.SUFFIX)
            if segment := Segment.parse(name):
                segments.setdefault(segment.timeline, set()).add(segment.number)
            elif name.endswith(PARTIAL) and (segment := Segment.parse(name.removesuffix(PARTIAL))):
                partials[segment] = (*partials.get(segment, ()), Path(path))
        return cls(segments, partials, incarnation)

    def holds(self, segment: Segment) -> bool:
        return segment.number in self.segments.get(segment.timeline, ())

    def newest(self, timeline: int) -> Segment | None:
        """Return the newest whole segment of a timeline."""
        numbers = self.segments.get(timeline)
        return Segment(timeline, max(numbers)) if numbers else None

    def end(self, timeline: int) -> Lsn:
        """Return how far the archive reaches on a timeline: behind the last whole record that it holds.

        Raises:
            OSError: an unfinished segment is there and cannot be read.
            KeyMissingError, KeyRingError: one is encrypted, and its key is not to be had.
        """
        newest = self.newest(timeline)
        end = newest.end if newest else Lsn(0)
        last = max((segment for segment in self.partials if segment.timeline == timeline), default=None)
        return max(end, self._partial_end(last)) if last and last.end > end else end

    def reach(self, lineage: Lineage, start: Lsn) -> Lsn:
        """Return how far recovery from `start` gets before anything is missing; `start` where that is at once."""
        number = Segment.of(0, start).number
        while self.holds(lineage.segment_at(number)):
            number += 1
        needed = lineage.segment_at(number)
        reached = max(start, needed.start, self._partial_end(needed))
        # Where a branch begins, the parent's copy gets as far as the branch.
        for span in lineage.spans[:-1]:
            if span.end and needed.start < span.end < needed.end:
                parent = Segment(span.timeline, number)
                known = parent.end if self.holds(parent) else self._partial_end(parent)
                reached = max(reached, min(known, span.end))
        return Lsn(reached)

    def ranges(
        self, lineage: Lineage, start: Lsn, end: Lsn | None = None, *, awaited: AbstractSet[Segment] = frozenset()
    ) -> list[Gap]:
        """Return every segment needed to recover from `start` to `end`, in ranges of one grade.

        Without an `end` it is that of the archive. What the server says it
        still has, and hands over later, is `awaited`: delayed wherever it is.
        """
        goal = self.end(lineage.timeline) if end is None else end
        needed = list(lineage.segments(start, goal))
        present = [self.holds(segment) or self._covers(segment, goal) for segment in needed]
        newest = max((index for index, here in enumerate(present) if here), default=-1)

        def grade(index: int) -> Grade:
            if present[index]:
                return Grade.FOUND
            return Grade.DELAYED if index > newest or needed[index] in awaited else Grade.LOST

        found: list[Gap] = []
        for (timeline, shared), indexes in groupby(range(len(needed)), lambda i: (needed[i].timeline, grade(i))):
            members = list(indexes)
            found.append(Gap(timeline, needed[members[0]], needed[members[-1]], shared))
        return found

    def gaps(
        self, lineage: Lineage, start: Lsn, end: Lsn | None = None, *, awaited: AbstractSet[Segment] = frozenset()
    ) -> list[Gap]:
        """Return what is missing of `ranges`."""
        found = self.ranges(lineage, start, end, awaited=awaited)
        return [each for each in found if each.grade is not Grade.FOUND]

    def _covers(self, segment: Segment, goal: Lsn) -> bool:
        """Return whether an unfinished segment has all that is needed of it."""
        return segment.start < goal <= segment.end and self._partial_end(segment) >= goal

    def _partial_end(self, segment: Segment) -> Lsn:
        ends = [segment.start]
        for path in self.partials.get(segment, ()):
            # It became whole, or was collected; or it is damaged, and holds nothing.
            with suppress(FileNotFoundError, *stored.DAMAGED):
                found = path.stat()
                ends.append(_end(self._place, path, segment, found.st_mtime_ns, found.st_size))
        return max(ends)

    @property
    def _place(self) -> Incarnation:
        assert self.incarnation is not None  # noqa: S101 - where there are files, there is a place
        return self.incarnation


@lru_cache(maxsize=64)
def _end(incarnation: Incarnation, path: Path, segment: Segment, _modified_ns: int, _size: int) -> Lsn:
    return extent.end_in(stored.read(incarnation, path), segment)


def _archived(incarnation: Incarnation) -> Iterator[os.DirEntry[str] | Path]:
    for entry in _files(incarnation.wal):
        if TIMELINE.fullmatch(entry.name):
            yield from _files(Path(entry))


def _files(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
