"""Cursors: where in the order of the hits a page ended, so that it goes on there however many rows were added since."""

import base64
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from db.errors import BadInputError
from db.search.request import SearchRequest

_VERSION = 1
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Version, fingerprint of the request, rank, older, table, microseconds; the id follows.
_HEAD = struct.Struct(">B6sB?Bq")
_MOST_RANK = 15
_TABLES = range(1, 256)


class Place(NamedTuple):
    """A hit's place in the order."""

    rank: int
    older: bool
    moment: datetime
    id: str
    table_number: int


def fingerprint(request: SearchRequest) -> bytes:
    """Return what a cursor is bound to: the query and the filters, not the size of the page."""
    statuses = None if request.statuses is None else sorted(set(request.statuses))
    bound = (request.query, request.asked_tables, statuses, request.year, request.employed_on)
    return hashlib.blake2b(repr(bound).encode(), digest_size=6).digest()


def encode(place: Place, bound_to: bytes) -> str:
    microseconds = (place.moment - _EPOCH) // _MICROSECOND
    head = _HEAD.pack(_VERSION, bound_to, place.rank, place.older, place.table_number, microseconds)
    return base64.urlsafe_b64encode(head + place.id.encode()).rstrip(b"=").decode()


def decode(cursor: str, bound_to: bytes) -> Place:
    """Return the place a cursor stands for.

    Raises:
        BadInputError: it is not a cursor, or one of another search.
    """
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, bound, rank, older, table_number, microseconds = _HEAD.unpack_from(raw)
        place = Place(rank, older, _EPOCH + microseconds * _MICROSECOND, raw[_HEAD.size :].decode(), table_number)
    except (ValueError, struct.error, OverflowError) as error:
        raise _unusable() from error
    if version != _VERSION or not 1 <= rank <= _MOST_RANK or table_number not in _TABLES or "\0" in place.id:
        raise _unusable()
    if bound != bound_to:
        raise BadInputError(
            "The cursor belongs to another search.",
            hint="Pass `after` only with the query, tables and filter that gave the cursor.",
        )
    return place


def _unusable() -> BadInputError:
    return BadInputError("This is not a cursor of a search.", hint="Pass a `cursor` or `endCursor` as it was given.")
