"""Reads a column of many rows at once: values of one type that were read before are looked up, not read again."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from types import NoneType
from typing import Any

from jobs.data.values import UnreadableError

# Values a column and type, of those that were met since the last time that there were as many.
REMEMBERED = 20_000

_Read = Callable[[object], Any]
_ReadAll = Callable[[Sequence[Any]], Sequence[Any] | None]


class _Remembered(dict[Any, Any]):
    """What each value was read as. Equal values of two types are two, so that each type has its own."""

    def __init__(self, read: _Read) -> None:
        super().__init__({None: None})
        self._read = read

    def __missing__(self, value: object) -> Any:  # noqa: ANN401 - whatever the column has
        if len(self) >= REMEMBERED:
            self.clear()
            self[None] = None
        read = self[value] = self._read(value)
        return read


def reading(read: _Read, step: Decimal | None, usual: _ReadAll | None) -> _ReadAll:
    """Return what reads many values of a column as `read` does each, rounded to `step`.

    It returns None where one is unreadable, would be changed by rounding, or is of another type than the others.

    Args:
        read: reads one; raises `UnreadableError`.
        step: what amounts are kept in.
        usual: what reads texts that are spelled as they usually are, none of which is None.
    """
    reading_one = read if step is None else _exactly(read, step)
    remembered: dict[type, _Remembered] = {}

    def read_all(values: Sequence[Any]) -> Sequence[Any] | None:
        kinds = {*map(type, values)} - {NoneType}
        if not kinds:
            return values
        if len(kinds) > 1:
            return None
        (kind,) = kinds
        if usual is not None and kind is str and (texts := _usually(usual, values)) is not None:
            return texts
        if kind not in remembered:
            remembered[kind] = _Remembered(reading_one)
        try:
            return list(map(remembered[kind].__getitem__, values))
        except (UnreadableError, TypeError):  # TypeError: a list or an object, which nothing can remember
            return None

    return read_all


def _usually(usual: _ReadAll, values: Sequence[Any]) -> Sequence[Any] | None:
    if None not in values:
        return usual(values)
    texts = usual([value for value in values if value is not None])
    if texts is None:
        return None
    left = iter(texts)
    return [None if value is None else next(left) for value in values]


def _exactly(read: _Read, step: Decimal) -> _Read:
    def read_exactly(value: object) -> Decimal | None:
        number = read(value)
        if number is None:
            return None
        kept = number.quantize(step, ROUND_HALF_UP)
        if kept != number:
            raise UnreadableError(f"is finer than {step}")
        return kept

    return read_exactly
