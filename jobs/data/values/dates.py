"""Dates as offices in Japan spell them: ISO, slashes, kanji, eras, eight digits, a spreadsheet's serial number."""

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from jobs.data.values import calendar_text
from jobs.data.values.blank import UnreadableError, plain_text

JAPAN = timezone(timedelta(hours=9), "JST")
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


def read_date(value: object) -> date:
    """Return a date; of a moment with a zone, the date it was in Japan then.

    Raises:
        UnreadableError: it is no date, or not one of 1900 to 2200.
    """
    return _read(plain_text(value))


@lru_cache(maxsize=50_000)
def _read(text: str) -> date:
    moment = within_bounds(calendar_text.parse(text))
    return (moment.astimezone(JAPAN) if moment.tzinfo else moment).date()


def within_bounds(moment: datetime | None) -> datetime:
    if moment is None:
        raise UnreadableError("is not a date")
    if not EARLIEST <= moment.date() <= LATEST:
        raise UnreadableError(f"is a date outside {EARLIEST.year} to {LATEST.year}")
    return moment
