"""Takes a date and a time of day out of a text."""

import re
import unicodedata
from datetime import datetime, timedelta, timezone

_ERAS = {
    "明治": 1867, "M": 1867, "大正": 1911, "T": 1911, "昭和": 1925, "S": 1925, "平成": 1988, "H": 1988,
    "令和": 2018, "R": 2018,
}  # fmt: skip

_SPELLED_OUT = re.compile(
    r"""
    (?: (?P<era> 明治|大正|昭和|平成|令和|[MTSHR] ) \s* (?P<era_year> \d{1,2} | 元 ) | (?P<year> \d{4} ) )
    \s* (?P<mark> 年 | [-/.] ) \s* (?P<month> \d{1,2} )
    \s* (?: (?<=\d) (?: 月 | (?P=mark) ) ) \s* (?P<day> \d{1,2} ) \s* 日?
    (?: \s* \( [月火水木金土日] \) )?
    (?:
        (?: \s+ | T ) (?P<hour> \d{1,2} ) : (?P<minute> \d{2} )
        (?: : (?P<second> \d{2} ) (?: [.,] (?P<fraction> \d{1,9} ) )? )?
        \s* (?P<zone> Z | UTC | JST | [-+]\d{2} (?: :? \d{2} )? )?
    )?
    """,
    re.VERBOSE | re.ASCII,
)
_EIGHT_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
# Five digits count days as spreadsheets do, from 1927 to 2173: no year and no eight-digit date can be meant.
_SERIAL = re.compile(r"([1-9]\d{4})(\.\d+)?", re.ASCII)
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - serial numbers know no zone
_ZONES = {"Z": timedelta(0), "UTC": timedelta(0), "JST": timedelta(hours=9)}


def parse(text: str) -> datetime | None:
    """Return what the text says, with its zone if it names one; None when it says no date that exists."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    try:
        if found := _SPELLED_OUT.fullmatch(plain):
            return _spelled_out(found)
        if found := _EIGHT_DIGITS.fullmatch(plain):
            return datetime(int(found[1]), int(found[2]), int(found[3]))  # noqa: DTZ001 - a date without a zone
        if found := _SERIAL.fullmatch(plain):
            seconds = round(float(found[2] or 0) * 86_400)
            return _SERIAL_ZERO + timedelta(days=int(found[1]), seconds=seconds)
    except (ValueError, OverflowError):  # the thirtieth of February
        return None
    return None


def _spelled_out(found: re.Match[str]) -> datetime:
    return datetime(
        _year(found),
        int(found["month"]),
        int(found["day"]),
        int(found["hour"] or 0),
        int(found["minute"] or 0),
        int(found["second"] or 0),
        int((found["fraction"] or "0").ljust(6, "0")[:6]),
        tzinfo=_zone(found["zone"]),
    )


def _year(found: re.Match[str]) -> int:
    if found["era"] is None:
        return int(found["year"])
    return _ERAS[found["era"]] + (1 if found["era_year"] == "元" else int(found["era_year"]))


def _zone(name: str | None) -> timezone | None:
    if name is None:
        return None
    if name in _ZONES:
        return timezone(_ZONES[name])
    hours, minutes = int(name[1:3]), int(name[3:].lstrip(":") or 0)
    return timezone((-1 if name[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
