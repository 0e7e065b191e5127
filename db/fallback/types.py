"""How values stand in a database file, by the types its tables declare: exact, and in the order of the values."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Column, Date, DateTime, Numeric


def moment_text(moment: datetime) -> str:
    """Return a moment as text that sorts by time, whatever its offset was."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read_date(text: bytes) -> date:
    return date.fromisoformat(text.decode())


def _read_moment(text: bytes) -> datetime:
    return moment_of(text.decode())


def _read_amount(text: bytes) -> Decimal:
    return Decimal(text.decode())


# The driver knows converters by the declared type of a column, in the whole process: these names are ours alone.
sqlite3.register_converter("DATE_TEXT", _read_date)
sqlite3.register_converter("MOMENT_TEXT", _read_moment)
sqlite3.register_converter("DAYS_TEXT", _read_amount)
sqlite3.register_converter("YEN_TEXT", _read_amount)


def writer(column: Column[Any]) -> Callable[[Any], Any]:
    """Return what makes a column's value into what is stored; None stays None."""
    kind = column.type
    if isinstance(kind, DateTime):
        return lambda value: None if value is None else moment_text(value)
    if isinstance(kind, Date):
        return lambda value: None if value is None else value.isoformat()
    if isinstance(kind, Numeric):
        step = Decimal(1).scaleb(-(kind.scale or 0))
        return lambda value: None if value is None else f"{Decimal(value).quantize(step, ROUND_HALF_UP):f}"
    return lambda value: value
