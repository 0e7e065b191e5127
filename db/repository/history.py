"""How timelines branched off from each other, as their history files say."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from db.lsn import Lsn
from db.repository.errors import MissingHistoryError
from db.repository.place import Incarnation
from db.repository.segments import Segment

NAME = re.compile(r"([0-9A-F]{8})\.history")
LINE = re.compile(r"\s*(\d+)\s+([0-9A-Fa-f]+/[0-9A-Fa-f]+)")


@dataclass(frozen=True)
class History:
    """The ancestors of a timeline, oldest first, each with the position where the next one left it."""

    timeline: int
    ancestors: tuple[tuple[int, Lsn], ...] = ()

    @classmethod
    def parse(cls, timeline: int, text: str) -> Self:
        found = (LINE.match(line) for line in text.splitlines())
        return cls(timeline, tuple((int(match[1]), Lsn.parse(match[2])) for match in found if match))

    @classmethod
    def read(cls, incarnation: Incarnation, timeline: int) -> Self:
        """Read one from the archive, or from what waits to be collected.

        Raises:
            MissingHistoryError: it is in none of them.
        """
        if timeline == 1:
            return cls(1)
        for directory in (incarnation.wal, incarnation.stream, incarnation.incoming, incarnation.wal):
            try:
                return cls.parse(timeline, (directory / name_of(timeline)).read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue  # the archive is asked once more at the end: collecting may have moved it there meanwhile
        raise MissingHistoryError(timeline)


@dataclass(frozen=True)
class Span:
    """The part of a timeline that belongs to a lineage; `end` is where the next timeline begins."""

    timeline: int
    start: Lsn
    end: Lsn | None


@dataclass(frozen=True)
class Lineage:
    """A timeline and its ancestors, oldest first: the one way that recovery to it goes."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, history: History) -> Self:
        spans: list[Span] = []
        start = Lsn(0)
        for timeline, end in history.ancestors:
            spans.append(Span(timeline, start, end))
            start = end
        return cls((*spans, Span(history.timeline, start, None)))

    @classmethod
    def read(cls, incarnation: Incarnation, timeline: int) -> Self:
        """Raise `MissingHistoryError` where the archive does not say."""
        return cls.of(History.read(incarnation, timeline))

    @property
    def timeline(self) -> int:
        return self.spans[-1].timeline

    def timeline_at(self, lsn: Lsn) -> int:
        """Return the timeline that the byte at `lsn` was written on."""
        return self.spans[max(0, bisect_right(self.spans, lsn, key=lambda span: span.start) - 1)].timeline

    def includes(self, timeline: int, lsn: Lsn) -> bool:
        """Return whether what was written on a timeline up to `lsn` is part of this lineage."""
        return any(
            span.timeline == timeline and span.start <= lsn and (span.end is None or lsn <= span.end)
            for span in self.spans
        )

    def segment_at(self, number: int, end: Lsn | None = None) -> Segment:
        """Return whose copy of a segment is needed to recover up to `end`.

        A new timeline begins with a copy of the segment it branched off in, so
        its own is enough; up to the branch the parent's is.
        """
        for span in reversed(self.spans):
            if Segment.of(span.timeline, span.start).number <= number and (end is None or span.start < end):
                return Segment(span.timeline, number)
        return Segment(self.spans[0].timeline, number)

    def segments(self, start: Lsn, end: Lsn) -> Iterator[Segment]:
        """Yield the segments that hold the bytes from `start` up to, not including, `end`."""
        if end > start:
            for number in range(Segment.of(0, start).number, Segment.of(0, Lsn(end - 1)).number + 1):
                yield self.segment_at(number, end)


def name_of(timeline: int) -> str:
    return f"{timeline:08X}.history"
