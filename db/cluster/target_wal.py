"""The WAL that pg_rewind may ask the archive for: what a replica has removed since both histories were one.

It reads from the last checkpoint that both have in common to the replica's end. Of an encrypted archive that is
decrypted before; how far back the checkpoint is, only pg_rewind finds out.
"""

from pathlib import Path

from db.cluster import control
from db.cluster.installation import Installation
from db.lsn import Lsn
from db.repository.history import History, Lineage, name_of
from db.repository.segments import SEGMENT_BYTES, Segment

# Behind which a checkpoint is hardly ever: twice max_wal_size. Where it is further back, the replica is cloned.
BACK_BYTES = 2 * 1024**3


async def segments(installation: Installation, place: Path, primary: Lineage) -> list[Segment]:
    """Return the segments that pg_rewind may need, and the replica has not."""
    found = await control.read(installation, place) or {}
    replica = Lineage.of(_history(place, int(found.get("Latest checkpoint's TimeLineID", "1"))))
    fields = ("Latest checkpoint location", "Minimum recovery ending location")
    end = max(Lsn.parse(found.get(field, "0/0")) for field in fields) + SEGMENT_BYTES
    start = max(0, fork_of(replica, primary) - BACK_BYTES)
    wal = place / "pg_wal"
    return [each for each in replica.segments(Lsn(start), Lsn(end)) if not (wal / each.name).exists()]


def fork_of(one: Lineage, other: Lineage) -> Lsn:
    """Return the position up to which two lineages are the same."""
    fork = Lsn(0)
    for mine, theirs in zip(one.spans, other.spans, strict=False):
        if mine.timeline != theirs.timeline:
            break
        ends = [span.end for span in (mine, theirs) if span.end is not None]
        if not ends:
            break
        fork = min(ends)
        if mine.end != theirs.end:
            break
    return fork


def _history(place: Path, timeline: int) -> History:
    if timeline == 1:
        return History(1)
    return History.parse(timeline, (place / "pg_wal" / name_of(timeline)).read_text(encoding="utf-8"))
