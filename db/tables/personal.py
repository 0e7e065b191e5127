"""What a personal column's text stands for. The columns are text, for an encrypted value is text whatever it was."""

from datetime import date
from enum import Enum
from typing import Any

# What no plain value begins with.
SEALED = "enc:"

MOST_YEN = 2**31 - 1


class Kind(Enum):
    """How a plain value is written: 2000-01-31, 1450, or as it is."""

    DATE = "date"
    YEN = "yen"
    TEXT = "text"

    def written(self, value: Any) -> str:  # noqa: ANN401 - a date, a number or text
        """Return the plain text of a value.

        Raises:
            ValueError: the column may have no such value; the sentence does not repeat it.
        """
        match self:
            case Kind.DATE if isinstance(value, date):
                return value.isoformat()
            case Kind.YEN if isinstance(value, int):
                if not 0 <= value <= MOST_YEN:
                    raise ValueError(f"is not from 0 to {MOST_YEN:,}")
                return str(value)
            case Kind.TEXT if isinstance(value, str):
                if value.startswith(SEALED):
                    raise ValueError(f"begins with {SEALED!r}, as only encrypted values do")
                return value
            case _:
                raise ValueError(f"is no {self.value}")

    def read(self, text: str) -> Any:  # noqa: ANN401 - the same
        """Return the value of a plain text.

        Raises:
            ValueError: it is none of this kind.
        """
        match self:
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.YEN:
                return int(text)
            case Kind.TEXT:
                return text
