"""How each column of a table is read, as its declaration says; the same for every table."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, Numeric, SmallInteger, Table

from db.transfer import writable_columns
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
    read_moment,
    read_text,
)

Read = Callable[[object], Any]

# Long enough for any name, short enough for an index; free text may be a page.
TEXT_BOUND = 255
_BOUNDS = {"reason": 4_000, "address": 500}

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

    if column.name in SECRET_COLUMNS:
        return Field(column.name, lambda value: read(unsealer.open(value)), not column.nullable, step)
    return Field(column.name, read, not column.nullable, step)


def _reader(column: Column[Any]) -> tuple[Read, Decimal | None]:
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


def _text(column: Column[Any]) -> Read:
    bound = _BOUNDS.get(column.name, TEXT_BOUND)
    if column.name in _KEYS:
        return lambda value: read_key(value, bound)
    if (column.table.name, column.name) in _UPPER_CASE:
        return lambda value: read_text(value, bound).upper()
    return lambda value: read_text(value, bound)


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
