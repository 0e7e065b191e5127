"""Reads values as people, spreadsheets and the old application spelled them: one module per kind of value."""

from jobs.data.values.blank import UnreadableError, is_blank, is_zero
from jobs.data.values.dates import read_date
from jobs.data.values.moments import read_moment
from jobs.data.values.numbers import read_decimal, read_integer
from jobs.data.values.texts import read_key, read_text
from jobs.data.values.together import read_keys, read_moments, read_texts

__all__ = [
    "UnreadableError",
    "is_blank",
    "is_zero",
    "read_date",
    "read_decimal",
    "read_integer",
    "read_key",
    "read_keys",
    "read_moment",
    "read_moments",
    "read_text",
    "read_texts",
]
