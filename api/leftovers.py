"""What connections leave behind: when a crowd has left, its memory goes back to the system."""

import asyncio
import ctypes
import gc
from contextlib import suppress

# So many connections that ended are a crowd; the others of it have so long to end too.
CROWD = 100
ENDING_SECONDS = 5.0


class Leftovers:
    """Counts connections that ended, and tidies up after many.

    Nothing that has ended waits for the garbage collector, but Python keeps tuples and lists to use them again, until a
    full collection, and the allocator keeps what is free.
    """

    def __init__(self) -> None:
        self._ended = 0

    def one_ended(self) -> None:
        self._ended += 1
        if self._ended == CROWD:
            asyncio.get_running_loop().call_later(ENDING_SECONDS, self._tidy_up)

    def _tidy_up(self) -> None:
        self._ended = 0
        gc.collect()
        asyncio.get_running_loop().run_in_executor(None, _give_back)


def _give_back() -> None:
    with suppress(AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)
