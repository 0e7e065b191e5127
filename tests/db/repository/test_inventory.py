import time

import pytest

from db.cluster.identity import Identity
from db.repository import Incarnation
from db.repository.history import History, Lineage
from db.repository.inventory import Gap, Grade, Inventory
from tests.db.repository.wal import archive, content, lsn, put, segment

FIRST = Lineage.of(History(1))
# Timeline 2 branched off in the middle of segment 5.
SECOND = Lineage.of(History(2, ((1, lsn(5.5)),)))


def held(*numbers: int, timeline: int = 1) -> dict[int, set[int]]:
    return {timeline: set(numbers)}


def gap(first: int, last: int, grade: Grade, timeline: int = 1) -> Gap:
    return Gap(timeline, segment(first, timeline), segment(last, timeline), grade)


def test_archive_that_is_not_there_holds_nothing(incarnation: Incarnation) -> None:
    incarnation.wal.rmdir()

    assert Inventory.read(incarnation) == Inventory()


def test_segment_counts_wherever_it_is(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, segment(1))
    put(incarnation.incoming, segment(2).name, b"", user)
    put(incarnation.stream, segment(3).name, b"", user)
    put(incarnation.stream, segment(4).name + ".partial", b"", user)

    inventory = Inventory.read(incarnation)

    assert inventory.segments == held(1, 2, 3)
    assert list(inventory.partials) == [segment(4)]


def test_files_of_other_kinds_are_not_segments(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, segment(1))
    directory = incarnation.timeline(1)
    for name in (f"{segment(2).name}.gz.new", f"{segment(3).name}.00000028.backup.gz", "00000002.history", "notes.txt"):
        put(directory, name, b"", user)
    put(incarnation.incoming, f"archtemp.{segment(4).name}.1.2", b"", user)

    assert Inventory.read(incarnation).segments == held(1)


def test_what_is_missing_in_between_is_lost() -> None:
    inventory = Inventory(held(1, 2, 5, 6, 9))

    assert inventory.gaps(FIRST, lsn(1)) == [gap(3, 4, Grade.LOST), gap(7, 8, Grade.LOST)]


def test_what_is_missing_behind_the_newest_is_delayed() -> None:
    assert Inventory(held(1, 2)).gaps(FIRST, lsn(1), lsn(4.5)) == [gap(3, 4, Grade.DELAYED)]


def test_what_the_server_still_has_is_delayed_wherever_it_is() -> None:
    found = Inventory(held(1, 4)).gaps(FIRST, lsn(1), awaited={segment(2)})

    assert found == [gap(2, 2, Grade.DELAYED), gap(3, 3, Grade.LOST)]


def test_nothing_before_the_start_and_behind_the_end_is_missed() -> None:
    assert Inventory(held(3, 4)).gaps(FIRST, lsn(3.5), lsn(5)) == []


def test_ranges_name_what_is_there_too() -> None:
    assert Inventory(held(1, 2, 4)).ranges(FIRST, lsn(1)) == [
        gap(1, 2, Grade.FOUND),
        gap(3, 3, Grade.LOST),
        gap(4, 4, Grade.FOUND),
    ]


def test_of_a_branch_the_new_timelines_copy_is_enough() -> None:
    inventory = Inventory(held(3, 4) | held(5, 6, timeline=2))

    assert inventory.gaps(SECOND, lsn(3)) == []
    assert inventory.reach(SECOND, lsn(3)) == lsn(7)


def test_parents_segments_behind_a_branch_do_not_stand_in_for_the_new_timelines() -> None:
    inventory = Inventory(held(3, 4, 5, 6, 7) | held(7, timeline=2))

    assert inventory.gaps(SECOND, lsn(3)) == [gap(5, 6, Grade.LOST, timeline=2)]
    assert inventory.reach(SECOND, lsn(3)) == lsn(5.5)


def test_up_to_the_branch_the_parents_copy_reaches() -> None:
    assert Inventory(held(3, 4, 5)).gaps(SECOND, lsn(3), lsn(5.4)) == []


def test_reach_ends_before_the_first_segment_that_is_missing() -> None:
    inventory = Inventory(held(1, 2, 4))

    assert inventory.reach(FIRST, lsn(1.5)) == lsn(3)
    assert inventory.reach(FIRST, lsn(3.5)) == lsn(3.5)


def test_damaged_unfinished_segment_holds_nothing(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, segment(1))
    put(incarnation.timeline(1), segment(2).name + ".partial.gz", b"not gzip", user)

    assert Inventory.read(incarnation).end(1) == lsn(2)


def test_unfinished_segment_without_a_record_adds_nothing(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, segment(1))
    put(incarnation.stream, segment(2).name + ".partial", content(segment(2), b""), user)

    assert Inventory.read(incarnation).end(1) == lsn(2)
    assert Inventory.read(incarnation).end(7) == 0


def test_ten_thousand_segments_are_read_in_a_moment(incarnation: Incarnation, user: Identity) -> None:
    directory = incarnation.timeline(1)
    directory.mkdir()
    for number in range(1, 10_001):
        (directory / f"{segment(number).name}.gz").touch()

    seconds = []
    for _ in range(5):
        began = time.process_time()
        inventory = Inventory.read(incarnation)
        gaps = inventory.gaps(FIRST, lsn(1))
        seconds.append(time.process_time() - began)

    assert gaps == []
    assert inventory.end(1) == lsn(10_001)
    assert min(seconds) < 2, "it takes a few hundredths of a second of CPU"


@pytest.mark.parametrize("name", ["000000010000000000000100", "00000001000000000000001", "00000001000000000000001g"])
def test_names_that_no_segment_has_are_ignored(incarnation: Incarnation, user: Identity, name: str) -> None:
    put(incarnation.incoming, name, b"", user)

    assert Inventory.read(incarnation) == Inventory()
