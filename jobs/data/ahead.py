"""Reads ahead: while the database is busy with rows that it has, a thread reads those that come after them."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from queue import Empty, Queue
from threading import Thread

from db.transfer import TableRow

Open = Callable[[], Iterable[TableRow]]

ROWS_A_BATCH = 2_000
# So many batches wait at most: some 100 MB of the widest rows.
MOST_BATCHES = 40

# What comes through the queue: rows of the table that is read, its end, or what came in the way.
_Item = list[TableRow] | BaseException | None


@contextmanager
def reading_ahead(tables: Sequence[Open]) -> Generator[list[Iterator[TableRow]]]:
    """Yield an iterator a table, each to be exhausted before the next is begun.

    All are read in one thread, one after the other; what that raises is raised by the iterator that was to
    yield the row. The thread has ended when the block has.
    """
    queue: Queue[_Item] = Queue(MOST_BATCHES)
    unwanted = False

    def read() -> None:
        try:
            for rows in map(iter, (table() for table in tables)):
                while batch := list(islice(rows, ROWS_A_BATCH)):
                    queue.put(batch)
                    if unwanted:
                        return
                queue.put(None)
        except BaseException as error:  # noqa: BLE001 - for whoever takes the rows
            queue.put(error)

    thread = Thread(target=read, name="reading ahead", daemon=True)
    thread.start()
    try:
        yield [_taken(queue) for _ in tables]
    finally:
        unwanted = True
        while thread.is_alive():
            _make_room(queue)
            thread.join(timeout=0.01)


def _taken(queue: Queue[_Item]) -> Iterator[TableRow]:
    while (item := queue.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield from item


def _make_room(queue: Queue[_Item]) -> None:
    """Let a thread go on that waits for its rows to be taken."""
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
