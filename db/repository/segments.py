"""The names of WAL segments, and which segment a position is in."""

import re
from dataclasses import dataclass
from typing import Self

from db.lsn import Lsn

# initdb's own, which ours never changes.
SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENTS_A_LOG = 0x1_0000_0000 // SEGMENT_BYTES
NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")


@dataclass(frozen=True, order=True)
class Segment:
    """One segment of one timeline; `number` counts from the beginning of the WAL."""

    timeline: int
    number: int

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read a file's name; None where it is not a whole segment's."""
        match = NAME.fullmatch(name)
        if match is None or int(match[3], 16) >= SEGMENTS_A_LOG:
            return None
        return cls(int(match[1], 16), int(match[2], 16) * SEGMENTS_A_LOG + int(match[3], 16))

    @classmethod
    def of(cls, timeline: int, lsn: Lsn) -> Self:
        """Return the segment that holds the byte at `lsn`."""
        return cls(timeline, lsn // SEGMENT_BYTES)

    @property
    def name(self) -> str:
        log, part = divmod(self.number, SEGMENTS_A_LOG)
        return f"{self.timeline:08X}{log:08X}{part:08X}"

    @property
    def start(self) -> Lsn:
        return Lsn(self.number * SEGMENT_BYTES)

    @property
    def end(self) -> Lsn:
        """The position behind its last byte."""
        return Lsn((self.number + 1) * SEGMENT_BYTES)
