"""Numbers: of any width, with thousands commas, a yen sign or a unit."""

import math
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from jobs.data.values.blank import UnreadableError, plain_text

_NUMBER = re.compile(
    r"""
    [¥\\]? \s*
    (?P<sign> [-+▲△]?) \s*
    [¥\\]? \s*
    (?P<digits> (?: \d{1,3}(?:,\d{3})+ | \d+ ) (?:\.\d*)? | \.\d+ )
    (?P<exponent> [eE][-+]?\d{1,3})?
    \s* (?: 円 | 歳 | 才 | 日 | 時間 | 年 | 月 | % )?
    """,
    re.VERBOSE | re.ASCII,
)
_MINUS_SIGNS = str.maketrans("−‐–—▲△", "------")

# A sum of floating-point numbers is off in its sixteenth digit: what is smaller than this was never meant.
_NOISE = Decimal("0.000001")
_MOST = Decimal("1e15")


def read_decimal(value: object) -> Decimal:
    """Return the number as it was meant, to a millionth.

    Raises:
        UnreadableError: it is no number, or beyond any amount of days or yen.
    """
    number = _exact(value)
    if not number.is_finite() or abs(number) >= _MOST:
        raise UnreadableError("is not a number that can be kept")
    return number.quantize(_NOISE, ROUND_HALF_UP)


def read_integer(value: object) -> int:
    number = read_decimal(value)
    if number != number.to_integral_value():
        raise UnreadableError("is not a whole number")
    return int(number)


def _exact(value: object) -> Decimal:
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else Decimal("NaN")
    text = unicodedata.normalize("NFKC", plain_text(value)).translate(_MINUS_SIGNS)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnreadableError("is not a number")
    return Decimal(match["sign"] + match["digits"].replace(",", "") + (match["exponent"] or ""))
