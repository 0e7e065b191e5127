"""Texts, kept as typed, and keys, which have to be the same wherever they stand."""

import re
import unicodedata

from jobs.data.values.blank import UnreadableError, plain_text

# '12345.0', and '12345.0_2025': a number that went through a floating-point column on its way into a key.
_POINT_ZERO = re.compile(r"(?<=\d)\.0+(?=$|_)")


def read_text(value: object, bound: int) -> str:
    text = plain_text(value)
    if len(text) > bound:
        raise UnreadableError(f"is {len(text):,} characters long; at most {bound:,} are taken")
    return text


def read_key(value: object, bound: int) -> str:
    """Return a key in half-width characters, whole numbers without '.0'."""
    text = read_text(value, bound)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _POINT_ZERO.sub("", text)
