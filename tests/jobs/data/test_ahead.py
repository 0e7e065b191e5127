"""Rows are read ahead in their order, what reading raises reaches who takes them, and the thread ends."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from db.transfer import TableRow
from jobs.data.ahead import ROWS_A_PIECE, Pieces, reading_ahead

# A number and the end of its line take two bytes at least, so that no more than ten pieces wait.
MOST_BYTES = ROWS_A_PIECE * 2 * 10
BOUND = 12 * ROWS_A_PIECE


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


async def all_of(pieces: Pieces) -> list[int]:
    found: list[int] = []
    async for piece in pieces:
        numbers = [int(line) for line in piece.text.splitlines()]
        assert len(numbers) == piece.rows
        found += numbers
    return found


@pytest.mark.parametrize("sizes", [[], [0], [0, 0, 3], [1, ROWS_A_PIECE, ROWS_A_PIECE + 1, 0], [BOUND + 1, 2]])
async def test_every_row_comes_once_in_its_order(sizes: list[int]) -> None:
    async with reading_ahead([Table(size) for size in sizes], most_bytes=MOST_BYTES) as tables:
        found = [await all_of(rows) for rows in tables]

    assert found == [list(range(size)) for size in sizes]


async def test_tables_are_taken_at_the_same_time() -> None:
    sizes = [3 * BOUND, 2 * BOUND, BOUND]
    async with reading_ahead([Table(size) for size in sizes], most_bytes=MOST_BYTES) as (first, second, third):

        async def one_after_the_other() -> list[list[int]]:
            return [await all_of(first), await all_of(third)]

        (one, three), two = await asyncio.gather(one_after_the_other(), all_of(second))

    assert [one, two, three] == [list(range(size)) for size in sizes]


async def test_the_next_table_is_read_before_it_is_asked_for() -> None:
    tables = [Table(1), Table(ROWS_A_PIECE)]
    all_read = threading.Event()

    def told() -> Iterator[TableRow]:
        yield from tables[1]()
        all_read.set()

    async with reading_ahead([tables[0], told]) as (first, _second):
        assert await all_of(first) == [0]
        assert await asyncio.to_thread(all_read.wait, 60)


async def test_what_reading_raises_comes_in_its_place_and_to_all_who_wait_behind_it() -> None:
    async with reading_ahead([Table(2), Table(3, fails=True), Table(1)]) as (first, second, third):
        assert await all_of(first) == [0, 1]
        for pieces in (second, third):
            with pytest.raises(OSError, match="disk has gone"):
                await all_of(pieces)


async def test_who_leaves_early_leaves_no_thread_and_no_endless_reading() -> None:
    endless = Table(10**9)

    async with reading_ahead([endless], most_bytes=MOST_BYTES) as (pieces,):
        assert (await anext(pieces)).text.startswith(b"0\n1\n2\n")

    assert "reading ahead" not in {thread.name for thread in threading.enumerate()}
    assert endless.read <= BOUND + ROWS_A_PIECE
