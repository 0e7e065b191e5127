"""Reads ahead: while the database is busy with rows that it has, a thread reads those that come after them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from threading import Condition, Thread

from db.transfer import Piece, TableRow, piece_of

Open = Callable[[], Iterable[TableRow]]
Pieces = AsyncIterator[Piece]

ROWS_A_PIECE = 2_000
# So many bytes wait at most, and one piece. A day of leave takes about 85, a row of a person 150 to 200.
MOST_BYTES = 96 * 1024 * 1024

# What waits of a table: rows, its end, or what came in the way. Rows wait as the text that the database takes: its
# size is known, and the garbage collector has nothing to look at.
_Waiting = asyncio.Queue[Piece | BaseException | None]


class _Room:
    """What the tables may hold together, so that one that nobody takes yet cannot fill the memory."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._wanted = True
        self._changed = Condition()

    def take(self, size: int) -> bool:
        """Wait until there is room; return whether it is still wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._left > 0 or not self._wanted)
            self._left -= size
            return self._wanted

    def give(self, size: int) -> None:
        with self._changed:
            self._left += size
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._wanted = False
            self._changed.notify_all()


@asynccontextmanager
async def reading_ahead(tables: Sequence[Open], *, most_bytes: int = MOST_BYTES) -> AsyncGenerator[list[Pieces]]:
    """Yield the rows of each table in pieces; tables may be taken at the same time.

    All are read in one thread, in this order, so that whoever takes them has to come to the earlier ones too. What
    reading raises is raised to whoever waits for the rows from there on. The thread has ended when the block has.
    """
    loop = asyncio.get_running_loop()
    waiting = [_Waiting() for _ in tables]
    room = _Room(most_bytes)

    def put(queue: _Waiting, item: Piece | BaseException | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, item)

    def read() -> None:
        left = list(waiting)
        try:
            for table in tables:
                rows = iter(table())
                while some := list(islice(rows, ROWS_A_PIECE)):
                    piece = piece_of(some)
                    if not room.take(len(piece.text)):
                        return
                    put(left[0], piece)
                put(left.pop(0), None)
        except BaseException as error:  # noqa: BLE001 - for whoever takes the rows
            for queue in left:
                put(queue, error)

    thread = Thread(target=read, name="reading ahead", daemon=True)
    thread.start()
    try:
        yield [_taken(queue, room) for queue in waiting]
    finally:
        room.close()
        thread.join()


async def _taken(waiting: _Waiting, room: _Room) -> Pieces:
    while (item := await waiting.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        room.give(len(item.text))
        yield item
