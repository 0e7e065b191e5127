"""Reads ahead: while the database is busy with rows that it has, a thread reads those that come after them."""

import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from queue import Empty, Queue
from threading import Thread

from db.transfer import TableRow

Open = Callable[[], Iterable[TableRow]]

ROWS_A_BATCH = 2_000
# So many bytes wait at most, and one batch. A day of leave takes about 85, a row of a person 150 to 200.
MOST_BYTES = 96 * 1024 * 1024

# What comes through the queue: rows of the table that is read, its end, or what came in the way.
_Item = bytes | BaseException | None


class _Waiting(Queue[_Item]):
    """Counts bytes. Rows wait pickled: their size is known, and the garbage collector has nothing to look at."""

    queue: deque[_Item]

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: _Item) -> None:
        super()._put(item)
        self._bytes += _size(item)

    def _get(self) -> _Item:
        item = super()._get()
        self._bytes -= _size(item)
        return item


def _size(item: _Item) -> int:
    return len(item) if isinstance(item, bytes) else 1


@contextmanager
def reading_ahead(tables: Sequence[Open], *, most_bytes: int = MOST_BYTES) -> Generator[list[Iterator[TableRow]]]:
    """Yield an iterator a table, each to be exhausted before the next is begun.

    All are read in one thread, one after the other; what that raises is raised by the iterator that was to
    yield the row. The thread has ended when the block has.
    """
    waiting = _Waiting(most_bytes)
    unwanted = False

    def read() -> None:
        try:
            for rows in map(iter, (table() for table in tables)):
                while batch := list(islice(rows, ROWS_A_BATCH)):
                    waiting.put(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))
                    if unwanted:
                        return
                waiting.put(None)
        except BaseException as error:  # noqa: BLE001 - for whoever takes the rows
            waiting.put(error)

    thread = Thread(target=read, name="reading ahead", daemon=True)
    thread.start()
    try:
        yield [_taken(waiting) for _ in tables]
    finally:
        unwanted = True
        while thread.is_alive():
            _make_room(waiting)
            thread.join(timeout=0.01)


def _taken(waiting: _Waiting) -> Iterator[TableRow]:
    while (item := waiting.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield from pickle.loads(item)  # noqa: S301 - what the thread beside has just written


def _make_room(waiting: _Waiting) -> None:
    """Let a thread go on that waits for its rows to be taken."""
    try:
        while True:
            waiting.get_nowait()
    except Empty:
        return
