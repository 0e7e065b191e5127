"""Time limits that are the same for everything of a kind, and so need one timer for all of it.

`asyncio.timeout` sets a timer for each block and takes it back again, in ten calls.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `expire` with whatever was added, and not removed, so many seconds ago."""

    def __init__(self, seconds: float, expire: Callable[[T], object]) -> None:
        self._seconds = seconds
        self._expire = expire
        # When each is over; they are in that order, since all have the same time.
        self._over: dict[T, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, each: T) -> None:
        loop = asyncio.get_running_loop()
        self._over[each] = over = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(over, self._look)

    def remove(self, each: T) -> None:
        self._over.pop(each, None)

    def __len__(self) -> int:
        return len(self._over)

    def _look(self) -> None:
        loop, self._timer = asyncio.get_running_loop(), None
        while self._over:
            each, over = next(iter(self._over.items()))
            if over > loop.time():
                self._timer = loop.call_at(over, self._look)
                return
            del self._over[each]
            self._expire(each)


class TimeLimit:
    """A block of the running task that raises TimeoutError when its time is over, as that of `asyncio.timeout` does."""

    __slots__ = ("_cancelling", "_expired", "_limits", "_task")

    def __init__(self, limits: "TimeLimits") -> None:
        self._limits = limits
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("There is no task whose time could be limited.")
        self._task, self._cancelling = task, task.cancelling()
        self._limits.add(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._limits.remove(self)
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()


class TimeLimits(Deadlines[TimeLimit]):
    """Blocks that may all take so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, TimeLimit.expire)

    def block(self) -> TimeLimit:
        return TimeLimit(self)
