import pytest

from db.cluster.identity import Identity
from db.lsn import Lsn
from db.repository import Incarnation
from db.repository.errors import MissingHistoryError
from db.repository.history import History, Lineage, Span
from tests.db.repository.wal import archive_history, lsn, segment

# As PostgreSQL writes them.
TEXT = "1\t0/A000198\tno recovery target specified\n\n2\t0/C0000D8\tbefore 2026-11-22 10:04:00+00\n"
LINEAGE = Lineage.of(History(3, ((1, lsn(10.5)), (2, lsn(12)))))


def test_history_file_names_each_ancestor_and_where_it_was_left() -> None:
    assert History.parse(3, TEXT).ancestors == ((1, Lsn.parse("0/A000198")), (2, Lsn.parse("0/C0000D8")))


def test_comments_in_a_history_file_are_skipped() -> None:
    assert History.parse(2, "# by hand\n\n1\t0/A000198\n").ancestors == ((1, Lsn.parse("0/A000198")),)


def test_first_timeline_needs_no_history_file(incarnation: Incarnation) -> None:
    assert Lineage.read(incarnation, 1).spans == (Span(1, Lsn(0), None),)


def test_history_is_found_before_it_is_collected(incarnation: Incarnation) -> None:
    (incarnation.stream / "00000003.history").write_text(TEXT)

    assert [span.timeline for span in Lineage.read(incarnation, 3).spans] == [1, 2, 3]


def test_missing_history_says_what_to_do(incarnation: Incarnation) -> None:
    with pytest.raises(MissingHistoryError, match=r"timeline 2 branched off: 00000002\.history") as caught:
        Lineage.read(incarnation, 2)

    assert "full backup" in str(caught.value.hint)


@pytest.mark.parametrize(("position", "timeline"), [(0, 1), (10.4, 1), (10.5, 2), (11.9, 2), (12, 3), (99, 3)])
def test_byte_belongs_to_the_timeline_it_was_written_on(position: float, timeline: int) -> None:
    assert LINEAGE.timeline_at(lsn(position)) == timeline


def test_new_timelines_copy_is_needed_of_the_segment_it_branched_off_in() -> None:
    needed = list(LINEAGE.segments(lsn(9.5), lsn(13.1)))

    assert needed == [segment(9), segment(10, 2), segment(11, 2), segment(12, 3), segment(13, 3)]


def test_up_to_the_branch_the_parents_copy_is_enough() -> None:
    assert list(LINEAGE.segments(lsn(9.5), lsn(10.4))) == [segment(9), segment(10)]


def test_end_at_the_beginning_of_a_segment_does_not_need_it() -> None:
    assert list(LINEAGE.segments(lsn(8), lsn(9))) == [segment(8)]
    assert list(LINEAGE.segments(lsn(8), lsn(8))) == []


def test_what_was_written_after_a_timeline_was_left_is_not_part_of_the_lineage() -> None:
    assert LINEAGE.includes(1, lsn(10.5))
    assert not LINEAGE.includes(1, lsn(10.6))
    assert not LINEAGE.includes(2, lsn(10.4))
    assert LINEAGE.includes(3, lsn(99))
    assert not LINEAGE.includes(4, lsn(99))


def test_archived_history_goes_before_one_that_waits(incarnation: Incarnation, user: Identity) -> None:
    archive_history(incarnation, 2, (1, lsn(5)))
    (incarnation.incoming / "00000002.history").write_text("1\t0/1\n")

    assert Lineage.read(incarnation, 2).spans[0].end == lsn(5)
