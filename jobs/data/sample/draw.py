"""Draws values at random, some more often than others, the same ones on every Python version."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Draw(Generic[T]):
    """Calling it with a source of randomness returns one of the values.

    Only `Random.random` is used anywhere in the sample: it is the one method whose sequence
    Python promises to keep, and the sample has to be the same everywhere.
    """

    def __init__(self, values: Sequence[T], weights: Sequence[float] | None = None) -> None:
        self._values = list(values)
        self._cumulative = list(accumulate(weights or [1.0] * len(values)))
        self._total = self._cumulative[-1]
        self._last = len(values) - 1

    @classmethod
    def of(cls, shares: dict[T, float]) -> "Draw[T]":
        return cls(list(shares), list(shares.values()))

    def __call__(self, random: Random) -> T:
        return self._values[bisect(self._cumulative, random.random() * self._total, 0, self._last)]


def whole(random: Random, low: int, high: int) -> int:
    """Return a whole number from low to high, both included."""
    return low + int(random.random() * (high - low + 1))


def chance(random: Random, share: float) -> bool:
    return random.random() < share
