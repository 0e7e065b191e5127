"""How each column of a table is read, as its declaration says; the same for every table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, Numeric, SmallInteger, Table, Text

from db.tables.personal import SEALED, Kind
from db.transfer import writable_columns
from jobs.data.legacy import together
from jobs.data.legacy.secrets import COLUMNS as SECRET_COLUMNS
from jobs.data.legacy.secrets import Unsealer
from jobs.data.values import (
    UnreadableError,
    is_blank,
    is_zero,
    read_date,
    read_decimal,
    read_integer,
    read_key,
    read_keys,
    read_moment,
    read_moments,
    read_text,
    read_texts,
)

Read = Callable[[object], Any]
# Many values at once; None where they have to be read one by one.
ReadAll = Callable[[Sequence[Any]], Sequence[Any] | None]

# Long enough for any name, short enough for an index; free text may be a page.
TEXT_BOUND = 255
_BOUNDS = {"reason": 4_000, "address": 500}

# Values a column, of those that were read last.
REMEMBERED = 5_000

_NOT_SINGLE = (dict, list)

_KEYS = frozenset({"id", "employee_num", "dispatch_id"})
# Somebody's number may be 0; a name, a date, an age or a wage of 0 is an empty cell that a formula referred to.
_ZERO_COUNTS = frozenset({"id", "employee_num"})
_UPPER_CASE = frozenset({("leave_requests", "status")})
_INTEGER_BITS = {SmallInteger: 15, Integer: 31}


@dataclass(frozen=True, slots=True)
class Field:
    """One column: how its values are read, None when they say nothing, and whether a row can do without."""

    name: str
    read: Read
    # What `read` makes of each, rounded to the step; None where one is unreadable, or would be changed by rounding.
    read_all: ReadAll
    required: bool
    # The step that amounts are kept in; a value in between is rounded, and the report says so.
    step: Decimal | None


def fields(table: Table, unsealer: Unsealer) -> dict[str, Field]:
    return {name: _field(table.columns[name], unsealer) for name in writable_columns(table)}


def _field(column: Column[Any], unsealer: Unsealer) -> Field:
    said, step = _reader(column)
    # Of days and money there may be none.
    zero_counts = column.name in _ZERO_COUNTS or isinstance(column.type, Numeric)

    def read(value: object) -> object:
        nothing = is_blank(value) or (not zero_counts and is_zero(value))
        return None if nothing else said(value)

    def opened(value: object) -> object:
        return read(unsealer.open(value))

    secret = column.name in SECRET_COLUMNS
    remembered = _remembering(opened if secret else read)
    usual = None if secret else _usual(column, zero_counts=zero_counts)
    return Field(column.name, remembered, together.reading(remembered, step, usual), not column.nullable, step)


def _usual(column: Column[Any], *, zero_counts: bool) -> ReadAll | None:
    """Return what reads texts of a column that are spelled as they usually are; None where few are read twice."""
    if isinstance(column.type, DateTime):
        return read_moments
    if not isinstance(column.type, Text) or "personal" in column.info or _is_upper_case(column):
        return None
    reading, bound = read_keys if column.name in _KEYS else read_texts, _bound(column)
    return lambda texts: reading(texts, bound, zero_counts=zero_counts)


def _remembering(read: Read) -> Read:
    """Read a value that was read before no second time: most columns say the same over and over."""
    remembered = lru_cache(maxsize=REMEMBERED, typed=True)(read)

    def reading(value: object) -> object:
        if value is None:
            return None
        if isinstance(value, _NOT_SINGLE):
            raise UnreadableError("is not a single value")
        return remembered(value)

    return reading


def _reader(column: Column[Any]) -> tuple[Read, Decimal | None]:
    if personal := column.info.get("personal"):
        return _personal(column, personal), None
    kind = column.type
    if isinstance(kind, Date):
        return read_date, None
    if isinstance(kind, DateTime):
        return read_moment, None
    if isinstance(kind, Integer):
        return _integer(_INTEGER_BITS[SmallInteger if isinstance(kind, SmallInteger) else Integer]), None
    if isinstance(kind, Numeric):
        return _amount(kind)
    return _text(column), None


def _personal(column: Column[Any], kind: Kind) -> Read:
    """Return what reads a value that the table's own checks cannot see once it is encrypted: they are made here."""
    read_words, read_number = _text(column), _integer(_INTEGER_BITS[Integer])

    def read_yen(value: object) -> int:
        yen = read_number(value)
        if yen < 0:
            raise UnreadableError(f"breaks the rule {column.name} >= 0")
        return yen

    def read_plain(value: object) -> str:
        words = read_words(value)
        if words.startswith(SEALED):
            raise UnreadableError(f"begins with {SEALED}, as only encrypted values do here")
        return words

    return {Kind.DATE: read_date, Kind.YEN: read_yen, Kind.TEXT: read_plain}[kind]


def _text(column: Column[Any]) -> Read:
    bound = _bound(column)
    if column.name in _KEYS:
        return lambda value: read_key(value, bound)
    if _is_upper_case(column):
        return lambda value: read_text(value, bound).upper()
    return lambda value: read_text(value, bound)


def _bound(column: Column[Any]) -> int:
    return _BOUNDS.get(column.name, TEXT_BOUND)


def _is_upper_case(column: Column[Any]) -> bool:
    return (column.table.name, column.name) in _UPPER_CASE


def _integer(bits: int) -> Read:
    most = 2**bits - 1

    def read(value: object) -> int:
        number = read_integer(value)
        if not -most <= number <= most:
            raise UnreadableError(f"is beyond {most:,}")
        return number

    return read


def _amount(kind: Numeric[Any]) -> tuple[Read, Decimal]:
    precision, scale = kind.precision or 0, kind.scale or 0
    most = Decimal(10) ** (precision - scale)
    step = Decimal(1).scaleb(-scale)

    def read(value: object) -> Decimal:
        number = read_decimal(value)
        if abs(number.quantize(step, ROUND_HALF_UP)) >= most:
            raise UnreadableError(f"is {most:,} or more")
        return number

    return read, step
