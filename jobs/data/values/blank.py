"""What stands for no value at all, and what is said of a value that cannot be read."""

import math
import re

# Python, SQL, pandas and spreadsheets each leave their own word for nothing in a text column.
BLANKS = {
    "", "None", "NULL", "null", "nan", "NaN", "NaT", "<NA>", "#N/A",
    "0000-00-00", "0000/00/00", "0000-00-00 00:00:00", "0000-00-00T00:00:00",
}  # fmt: skip

# A zero where nothing can be meant by it: what a spreadsheet shows of an empty cell that it refers to.
ZEROS = {"0", "0.0", "０"}

# What a formula leaves that failed; `#N/A` alone says that there was nothing to be found.
_FAILED = {"#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA", "#SPILL!", "#CALC!"}

# `str.strip` knows spaces of any width; these have none and come from spreadsheets and web pages.
_WIDTHLESS = "\ufeff\u200b\u2060"

# Half of a character: what bytes that are not UTF-8 are read as.
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class UnreadableError(ValueError):
    """A value means nothing; the sentence goes on after its column's name: 'is not a date'."""


def trimmed(text: str) -> str:
    """Return a text without spaces of any kind at its ends."""
    stripped = text.strip()
    if not stripped.isascii() and (stripped[0] in _WIDTHLESS or stripped[-1] in _WIDTHLESS):
        return trimmed(stripped.strip(_WIDTHLESS))
    return stripped


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and trimmed(value) in BLANKS)


def is_zero(value: object) -> bool:
    """Return whether a value is a zero that stands for nothing, where an amount of zero makes no sense."""
    if isinstance(value, str):
        return trimmed(value) in ZEROS
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def plain_text(value: object) -> str:
    """Return a value as trimmed text: whole floating-point numbers as whole numbers.

    Raises:
        UnreadableError: it is bytes, or text that no database of ours can hold.
    """
    if isinstance(value, bytes):
        raise UnreadableError("is binary data, not text")
    if isinstance(value, float) and not math.isfinite(value):
        raise UnreadableError("is not a number that can be kept")
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    text = value if isinstance(value, str) else str(value)
    if text.startswith("#") and trimmed(text) in _FAILED:
        raise UnreadableError("is what a spreadsheet shows of a formula that failed")
    if "\0" in text:
        raise UnreadableError("holds a NUL byte")
    if not text.isascii() and _SURROGATE.search(text):
        raise UnreadableError("is not UTF-8 text")
    return trimmed(text)
