"""What the first page of a segment says of it: whose it is, and where in the WAL it belongs."""

import struct

from db.repository.segments import SEGMENT_BYTES, Segment

# magic, info, timeline, address, bytes that remain of a record from before; system identifier, segment and page size
FORM = struct.Struct("=HHIQI4xQII")


def misfit(wal: bytes, segment: Segment, system_identifier: str) -> str | None:
    """Return why a file is not the whole segment it should be, or None. Its records are not looked at."""
    if len(wal) != SEGMENT_BYTES:
        return f"it has {len(wal)} bytes instead of {SEGMENT_BYTES}"
    _, _, timeline, address, _, identifier, _, _ = FORM.unpack_from(wal)
    if address != segment.start:
        return "its first page is not that of this segment"
    if str(identifier) != system_identifier:
        return f"it belongs to another database cluster, {identifier}"
    # A new timeline begins with a copy of its parent's segment.
    if timeline > segment.timeline:
        return f"it was written on timeline {timeline}"
    return None
