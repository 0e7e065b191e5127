"""Pages of lists that are ordered by a moment, newest first; cursors stay good while rows are added and removed."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Self, TypeVar

from db.errors import BadInputError
from schema.types.page import PageInfo

T = TypeVar("T")

MOST = 100
# Digits that an integer of 64 bits surely has.
LONGEST_NUMBER = 18


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands in the order."""

    moment: datetime
    key: str

    @property
    def cursor(self) -> str:
        return base64.urlsafe_b64encode(f"{self.moment.isoformat()} {self.key}".encode()).rstrip(b"=").decode()

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """Read a cursor.

        Raises:
            BadInputError: it is none.
        """
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            moment, _, key = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(" ")
            place = cls(datetime.fromisoformat(moment), key)
        except ValueError as error:
            raise unusable() from error
        if place.moment.tzinfo is None:
            raise unusable()
        return place


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list, and how it lies in the whole."""

    items: Sequence[T]
    cursors: Sequence[str]
    info: PageInfo
    total: int


def page_of(items: Sequence[T], place_of: Callable[[T], Place], *, first: int, after: str | None) -> Page[T]:
    """Cut a page out of a list that is ordered by place, newest first.

    Raises:
        BadInputError: `first` or `after` cannot be meant.
    """
    require_size(first)
    places = [place_of(item) for item in items]
    begin = 0
    if after is not None:
        seen = Place.parse(after)
        begin = next((index for index, place in enumerate(places) if place < seen), len(items))
    end = begin + first
    cursors = [place.cursor for place in places[begin:end]]
    info = PageInfo.of(cursors, before=begin > 0, after=end < len(items))
    return Page(items[begin:end], cursors, info, len(items))


def require_size(first: int) -> None:
    if not 1 <= first <= MOST:
        raise BadInputError(f"`first` is from 1 to {MOST}, not {first}.")


def unusable() -> BadInputError:
    return BadInputError("This is not a cursor of this list.", hint="Pass a `cursor` or `endCursor` as it was given.")


def number_in(cursor: str) -> int:
    """Return the number that is the key in a cursor.

    Raises:
        BadInputError: it is none of such a list's.
    """
    key = Place.parse(cursor).key
    if not (key.isascii() and key.isdecimal() and len(key) <= LONGEST_NUMBER):
        raise unusable()
    return int(key)
