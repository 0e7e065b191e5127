import pytest

from db.cluster.identity import Identity
from db.repository import Incarnation, marks
from db.repository.window import Edge, Window, window
from tests.db.repository.wal import archive, archive_history, at, backup, commit, live, lsn, segment


@pytest.fixture
def history(incarnation: Incarnation, user: Identity) -> Incarnation:
    """Ten minutes with a segment each; a commit is marked in the middle of every one."""
    archive(incarnation, user, *(segment(number) for number in range(1, 11)))
    marks.append(incarnation, live(0, 1, 1))
    for minute in range(1, 11):
        marks.append(incarnation, commit(minute, minute + 0.5))
    return incarnation


def test_nothing_can_be_restored_without_a_backup(history: Incarnation) -> None:
    assert window(history, []) is None


def test_nothing_can_be_restored_before_a_commit_is_marked(incarnation: Incarnation, user: Identity) -> None:
    archive(incarnation, user, segment(1), segment(2))

    assert window(incarnation, [backup("a", 1, 1)]) is None


def test_window_is_from_the_end_of_the_oldest_backup_to_the_newest_archived_commit(history: Incarnation) -> None:
    found = window(history, [backup("a", 2, 1.5), backup("b", 5, 4.5)])

    assert found == Window(Edge(at(2), 1, lsn(2)), Edge(at(10), 1, lsn(10.5)))


def test_commit_that_the_archive_does_not_hold_yet_does_not_count(history: Incarnation) -> None:
    marks.append(history, commit(11, 11.5))

    found = window(history, [backup("a", 2, 1.5)])

    assert found is not None
    assert found.latest.at == at(10)


def test_window_begins_behind_a_gap_as_soon_as_there_is_a_backup(history: Incarnation) -> None:
    (history.timeline(1) / f"{segment(4).name}.gz").unlink()

    before = window(history, [backup("a", 2, 1.5)])
    after = window(history, [backup("a", 2, 1.5), backup("b", 6, 5.5)])

    assert before == Window(Edge(at(2), 1, lsn(2)), Edge(at(3), 1, lsn(3.5)))
    assert after == Window(Edge(at(6), 1, lsn(6)), Edge(at(10), 1, lsn(10.5)))


def test_backup_without_its_parent_opens_no_window(history: Incarnation) -> None:
    assert window(history, [backup("b", 5, 4.5, parent="a")]) is None
    found = window(history, [backup("a", 2, 1.5), backup("b", 5, 4.5, parent="a")])
    assert found is not None
    assert found.earliest.at == at(2)


def test_backup_whose_own_wal_is_missing_opens_no_window(history: Incarnation) -> None:
    (history.timeline(1) / f"{segment(9).name}.gz").unlink()

    assert window(history, [backup("a", 10, 8.7)]) is None


class TestAfterAPromotion:
    """At minute 12 the database went back to what it was at minute 6, in segment 6, on a timeline of its own."""

    @pytest.fixture
    def branched(self, history: Incarnation, user: Identity) -> Incarnation:
        archive_history(history, 2, (1, lsn(6.5)))
        archive(history, user, *(segment(number, timeline=2) for number in range(6, 9)))
        marks.append(history, live(12, 6.5, 2))
        for minute in (12.5, 13, 14):
            marks.append(history, commit(minute, minute - 5.5, timeline=2))
        return history

    def test_window_goes_back_through_the_history_that_was_set_aside(self, branched: Incarnation) -> None:
        found = window(branched, [backup("a", 2, 1.5)])

        assert found == Window(Edge(at(2), 1, lsn(2)), Edge(at(14), 2, lsn(8.5)))

    def test_gap_in_what_was_set_aside_ends_the_window_at_the_promotion(self, branched: Incarnation) -> None:
        (branched.timeline(1) / f"{segment(9).name}.gz").unlink()

        found = window(branched, [backup("a", 2, 1.5)])

        assert found is not None
        assert found.earliest == Edge(at(12), 2, lsn(6.5))

    def test_backup_of_what_was_set_aside_does_not_reach_the_new_timeline(self, branched: Incarnation) -> None:
        assert window(branched, [backup("b", 9, 8.2)]) is None

    def test_new_backup_opens_a_window_of_its_own(self, branched: Incarnation) -> None:
        found = window(branched, [backup("c", 13, 7.2, timeline=2)])

        assert found == Window(Edge(at(13), 2, lsn(7.7)), Edge(at(14), 2, lsn(8.5)))

    def test_missing_history_file_leaves_no_window(self, branched: Incarnation) -> None:
        branched.history(2).unlink()

        assert window(branched, [backup("a", 2, 1.5)]) is None
