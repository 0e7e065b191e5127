"""Rows are read ahead in their order, what reading raises reaches who takes them, and the thread ends."""

import threading
from collections.abc import Iterator

import pytest

from db.transfer import TableRow
from jobs.data.ahead import ROWS_A_BATCH, reading_ahead

# A number takes three bytes at least, so that no more than ten batches wait.
MOST_BYTES = ROWS_A_BATCH * 3 * 10
BOUND = 12 * ROWS_A_BATCH


class Table:
    """Numbers, as many as are wanted; it knows how many were read."""

    def __init__(self, rows: int, *, fails: bool = False) -> None:
        self.rows = rows
        self.fails = fails
        self.read = 0

    def __call__(self) -> Iterator[TableRow]:
        for number in range(self.rows):
            self.read += 1
            yield (number,)
        if self.fails:
            raise OSError("the disk has gone")


@pytest.mark.parametrize("sizes", [[], [0], [0, 0, 3], [1, ROWS_A_BATCH, ROWS_A_BATCH + 1, 0], [BOUND + 1, 2]])
def test_every_row_comes_once_in_its_order(sizes: list[int]) -> None:
    with reading_ahead([Table(size) for size in sizes], most_bytes=MOST_BYTES) as tables:
        found = [[number for (number,) in rows] for rows in tables]

    assert found == [list(range(size)) for size in sizes]


def test_the_next_table_is_read_before_it_is_asked_for() -> None:
    tables = [Table(1), Table(ROWS_A_BATCH)]
    all_read = threading.Event()

    def told() -> Iterator[TableRow]:
        yield from tables[1]()
        all_read.set()

    with reading_ahead([tables[0], told]) as (first, _second):
        assert list(first) == [(0,)]
        assert all_read.wait(timeout=60)


def test_what_reading_raises_comes_in_its_place() -> None:
    with reading_ahead([Table(2), Table(3, fails=True), Table(1)]) as (first, second, _third):
        assert list(first) == [(0,), (1,)]
        with pytest.raises(OSError, match="disk has gone"):
            list(second)


def test_who_leaves_early_leaves_no_thread_and_no_endless_reading() -> None:
    endless = Table(10**9)

    with reading_ahead([endless], most_bytes=MOST_BYTES) as (rows,):
        assert [next(rows) for _ in range(3)] == [(0,), (1,), (2,)]

    assert "reading ahead" not in {thread.name for thread in threading.enumerate()}
    assert endless.read <= BOUND + ROWS_A_BATCH
