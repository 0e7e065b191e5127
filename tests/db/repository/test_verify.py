import os

from db.cluster.identity import Identity
from db.repository import Incarnation, compression
from db.repository.expire import expire_wal, timelines
from db.repository.inventory import Inventory
from db.repository.verify import verify_segments
from tests.db.repository.wal import MIDDLE, archive, archive_history, content, lsn, put, segment


def test_sound_segments_have_no_fault(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, segment(1), segment(2))
    put(incarnation.stream, segment(3).name, content(segment(3)), user)

    assert verify_segments(incarnation, segment(1), segment(3)) == []


def test_damaged_and_missing_segments_are_named(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, *(segment(number) for number in range(1, 7)), fill=os.urandom(MIDDLE // 8))
    path = {number: incarnation.timeline(1) / f"{segment(number).name}.gz" for number in range(1, 7)}
    flipped = bytearray(path[2].read_bytes())
    flipped[len(flipped) // 2] ^= 1
    path[2].write_bytes(flipped)
    os.truncate(path[3], path[3].stat().st_size // 2)
    path[4].unlink()
    path[5].write_bytes(compression.compress(content(segment(9))))

    found = {bad.segment.number: bad.reason for bad in verify_segments(incarnation, segment(1), segment(6))}

    assert found == {
        2: f"{path[2]} is damaged",
        3: f"{path[3]} is damaged",
        4: "it is not in the archive",
        5: "its first page is not that of this segment",
    }


def test_segment_cut_between_its_two_parts_is_named(incarnation: Incarnation, user: Identity) -> None:
    """What remains is a sound gzip file."""
    archive(incarnation, user, segment(1))
    path = incarnation.timeline(1) / f"{segment(1).name}.gz"
    head = content(segment(1)).rstrip(b"\0")
    path.write_bytes(compression.compress(head))

    assert [bad.reason for bad in verify_segments(incarnation, segment(1), segment(1))] == [
        f"it has {len(head)} bytes instead of 16777216"
    ]


def test_wal_below_the_oldest_that_is_kept_goes_a_timeline_at_a_time(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, *(segment(number) for number in range(1, 6)))
    archive(incarnation, user, *(segment(number, timeline=2) for number in range(3, 6)))
    archive_history(incarnation, 2, (1, lsn(3.5)))
    put(incarnation.timeline(1), f"{segment(2).name}.00000028.backup.gz", b"", user)
    put(incarnation.timeline(1), f"{segment(3).name}.partial.gz", b"", user)

    removed = expire_wal(incarnation, {1: segment(3), 7: segment(9, timeline=7)})

    assert removed == 3
    assert Inventory.read(incarnation).segments == {1: {3, 4, 5}, 2: {3, 4, 5}}
    assert (incarnation.timeline(1) / f"{segment(3).name}.partial.gz").exists()
    assert incarnation.history(2).exists()
    assert timelines(incarnation) == [1, 2]
