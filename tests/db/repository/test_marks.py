from datetime import UTC, datetime, timedelta

from db.lsn import Lsn
from db.repository import Incarnation, marks
from db.repository.marks import Mark
from tests.db.repository.wal import at, commit, live, lsn


def test_newest_commit_is_the_last_one_written(incarnation: Incarnation) -> None:
    for minute in range(3):
        marks.append(incarnation, commit(minute, minute))

    assert marks.newest(incarnation) == commit(2, 2)


def test_newest_commit_before_a_moment_may_be_of_another_day(incarnation: Incarnation) -> None:
    for minute in (-24 * 60, 0, 5):
        marks.append(incarnation, commit(minute, 1))

    assert marks.newest(incarnation, before=at(5)) == commit(5, 1)
    assert marks.newest(incarnation, before=at(4.9)) == commit(0, 1)
    assert marks.newest(incarnation, before=at(-1)) == commit(-24 * 60, 1)
    assert marks.newest(incarnation, before=at(-48 * 60)) is None


def test_there_is_no_newest_where_nothing_was_marked(incarnation: Incarnation) -> None:
    assert marks.newest(incarnation) is None
    assert marks.live_timeline_at(incarnation, at(0)) == 1


def test_many_commits_are_read_backwards_in_order(incarnation: Incarnation) -> None:
    written = [commit(second / 60, second) for second in range(2000)]
    (incarnation.marks / "2026-11-22.jsonl").write_text("".join(mark.line for mark in written))

    assert list(marks.commits(incarnation)) == written[::-1]


def test_line_that_a_crash_cut_short_is_left_out_and_does_not_spoil_the_next(incarnation: Incarnation) -> None:
    marks.append(incarnation, commit(1, 1))
    path = incarnation.marks / "2026-11-22.jsonl"
    with path.open("a") as file:
        file.write(commit(2, 2).line[:50])

    assert marks.newest(incarnation) == commit(1, 1)
    marks.append(incarnation, commit(3, 3))

    assert list(marks.commits(incarnation)) == [commit(3, 3), commit(1, 1)]


def test_timeline_that_was_live_at_a_moment_is_the_last_one_that_began_before(incarnation: Incarnation) -> None:
    for mark in (live(0, 1, 1), live(10, 5, 2), live(20, 4, 3)):
        marks.append(incarnation, mark)

    assert [marks.live_timeline_at(incarnation, at(minute)) for minute in (-5, 0, 9.9, 10, 19, 20, 99)] == [
        1, 1, 1, 2, 2, 3, 3,
    ]  # fmt: skip


def test_restore_points_are_found_by_name_and_are_no_commits(incarnation: Incarnation) -> None:
    point = Mark(at(3), 1, lsn(3), "point", "before 月次 closing")
    marks.append(incarnation, point)

    assert marks.points(incarnation) == [point]
    assert marks.newest(incarnation) is None


def test_moments_of_other_offsets_are_the_same_moments(incarnation: Incarnation) -> None:
    tokyo = at(0).astimezone(datetime.fromisoformat("2026-11-22T00:00:00+09:00").tzinfo)
    marks.append(incarnation, Mark(tokyo, 1, Lsn(1)))

    assert marks.newest(incarnation, before=at(0)) == Mark(at(0), 1, Lsn(1))
    assert marks.newest(incarnation, before=at(-0.001)) is None


def test_pruning_thins_old_days_and_forgets_those_before_the_oldest_backup(incarnation: Incarnation) -> None:
    day = timedelta(days=1)
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    for age in range(5):
        for second in range(180):
            moment = midnight - age * day + timedelta(seconds=second)
            path = incarnation.marks / f"{moment:%Y-%m-%d}.jsonl"
            with path.open("a") as file:
                file.write(Mark(moment, 1, Lsn(second)).line)
    marks.append(incarnation, live(-24 * 60 * 30, 1, 1))

    marks.prune(incarnation, before=midnight - 3 * day, today=midnight)

    kept = {path.stem: len(path.read_text().splitlines()) for path in incarnation.marks.glob("2*.jsonl")}
    assert kept == {"2026-11-20": 180, "2026-11-19": 180, "2026-11-18": 3, "2026-11-17": 3}
    assert marks.live_timeline_at(incarnation, midnight) == 1
