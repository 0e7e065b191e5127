"""Reads a cell of the leave ledger that says when a day, or part of one, was taken."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

HOURS_A_DAY = 8

_DATE = re.compile(
    r"(?:(?:明治|大正|昭和|平成|令和|[MTSHR])\s*(?:\d{1,2}|元)|\d{4})\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?:\s*日)?",
    re.ASCII,
)
_HOURS = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*(?:h|時間)(?:休|分|取得)*", re.ASCII | re.IGNORECASE)
_HALF = re.compile(r"半(?:日|休)*|0\.5日?|午前休?|午後休?|[AP]M", re.ASCII | re.IGNORECASE)
# Words and marks that add nothing.
_NOISE = re.compile(r"[\s()\[\]、,・]|休暇?|取得|有給|全日|1日|\([月火水木金土日]\)", re.ASCII)


def read_day_taken(value: object) -> tuple[object, object]:
    """Return the date, and how much of the day was taken; what cannot be understood as a whole comes back as it is."""
    if isinstance(value, date | datetime | int | float) or not isinstance(value, str):
        return value, 1
    text = unicodedata.normalize("NFKC", value)
    found = _DATE.search(text)
    if found is None:
        return value, 1
    said = text[: found.start()] + " " + text[found.end() :]
    said = re.sub(r"\([月火水木金土日]\)", " ", said)
    amount, rest = _amount(said)
    return (found[0], amount) if not _NOISE.sub("", rest) else (value, 1)


def _amount(said: str) -> tuple[Decimal, str]:
    if hours := _HOURS.search(said):
        return Decimal(hours[1]) / HOURS_A_DAY, said.replace(hours[0], " ")
    if _HALF.search(said):
        return Decimal("0.5"), _HALF.sub(" ", said)
    return Decimal(1), said
