"""Cursors of the event log: where somebody who follows it was."""

import base64

from db.errors import BadInputError

PREFIX = "alert-event:"
MOST_DIGITS = 18  # a number of 64 bits, and not one that is too large for it


def cursor_of(number: int) -> str:
    return base64.urlsafe_b64encode(f"{PREFIX}{number}".encode()).rstrip(b"=").decode()


def number_of(cursor: str) -> int:
    """Return the number of the entry that a cursor stands for.

    Raises:
        BadInputError: it is not a cursor.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        digits = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").removeprefix(PREFIX)
    except ValueError:
        digits = ""
    if not digits.isdecimal() or len(digits) > MOST_DIGITS or cursor_of(int(digits)) != cursor:
        raise BadInputError("This is not a cursor of the alert feed.", hint="Pass a `cursor` as it was given.")
    return int(digits)
