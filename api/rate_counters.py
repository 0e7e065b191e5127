"""Counters of this process for the rates of the library `limits`, bounded in number.

Its own memory storage starts a thread whenever it has been still for 10 ms, which walks through every key there is:
0.7 ms of CPU a request with one key and 14 ms with 100,000. These are looked at when they are used, and no earlier.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import floor

from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport

MOST_KEYS = 50_000


class RateCounters(Storage, SlidingWindowCounterSupport):
    """Two windows for each key, this one and the one before; the keys that were used longest ago make room.

    Args:
        most_keys: how many are kept; whoever is forgotten starts anew.
        clock: seconds since the epoch.
    """

    def __init__(self, *, most_keys: int = MOST_KEYS, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._most_keys = most_keys
        self._clock = clock
        # Number of the window, count in the one before it, count in it.
        self._windows: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        before, before_left, now, _ = self.get_sliding_window(key, expiry)
        if floor(before * before_left / expiry + now) + amount > limit:
            return False
        self._windows[key] = (int(self._clock() // expiry), before, now + amount)
        self._windows.move_to_end(key)
        if len(self._windows) > self._most_keys:
            self._windows.popitem(last=False)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        window, into = divmod(self._clock(), expiry)
        known, before, now = self._windows.get(key, (0, 0, 0))
        if known != window:
            before, now = (now if known == window - 1 else 0), 0
        left = expiry - into
        return before, left if before else 0.0, now, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - the library's signature
        self.clear(key)

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def reset(self) -> int:
        forgotten = len(self._windows)
        self._windows.clear()
        return forgotten

    def check(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError  # fixed windows, which are not used here

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError
