"""Many texts of one column at once, where all are spelled as they usually are: a twentieth of the time of one by one.

Each function does what its namesake does with one text, and returns None where that has to be asked.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from jobs.data.values.blank import BLANKS, ZEROS
from jobs.data.values.dates import EARLIEST, JAPAN, LATEST

# At the ends of a text: a space of any kind. Anywhere: what has no width, NUL, half a character, a failed formula.
# Texts are looked at in one, with a line feed after each.
_UNUSUAL = re.compile(r"\s\n|\n\s|\n#|[\ufeff\u200b\u2060\0\ud800-\udfff]")

# In the zone that is named, and in Japan's.
_NAMED = re.compile(r"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?Z\n)+", re.ASCII)
_UNNAMED = re.compile(r"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?\n)+", re.ASCII)


def read_texts(texts: Sequence[str], bound: int, *, zero_counts: bool) -> Sequence[str] | None:
    lines = "\n".join(("", *texts, ""))
    if (
        _UNUSUAL.search(lines)
        or max(map(len, texts)) > bound
        or not BLANKS.isdisjoint(texts)
        or not (zero_counts or ZEROS.isdisjoint(texts))
    ):
        return None
    return texts


def read_keys(texts: Sequence[str], bound: int, *, zero_counts: bool) -> Sequence[str] | None:
    """A key is usual that has ASCII letters, digits, hyphens and underscores: no '.0', which would go."""
    letters = "".join(texts).replace("-", "").replace("_", "")
    if not (letters.isascii() and letters.isalnum()):
        return None
    return read_texts(texts, bound, zero_counts=zero_counts)


def read_moments(texts: Sequence[str]) -> Sequence[datetime] | None:
    lines = "\n".join((*texts, ""))
    try:
        if _NAMED.fullmatch(lines):
            moments = list(map(datetime.fromisoformat, texts))
        elif _UNNAMED.fullmatch(lines):
            moments = [datetime.fromisoformat(text).replace(tzinfo=JAPAN) for text in texts]
        else:
            return None
    except ValueError:  # the thirtieth of February
        return None
    years = {*map(attrgetter("year"), moments)}
    return moments if EARLIEST.year <= min(years) and max(years) <= LATEST.year else None
