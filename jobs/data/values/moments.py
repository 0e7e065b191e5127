"""Moments: like dates, with a time of day and perhaps a zone."""

from datetime import datetime

from jobs.data.values import calendar_text
from jobs.data.values.blank import plain_text
from jobs.data.values.dates import JAPAN, within_bounds


def read_moment(value: object) -> datetime:
    """Return a moment with its zone; one without a zone was meant in Japan's.

    Raises:
        UnreadableError: it is no moment, or not one of 1900 to 2200.
    """
    moment = within_bounds(calendar_text.parse(plain_text(value)))
    return moment if moment.tzinfo else moment.replace(tzinfo=JAPAN)
