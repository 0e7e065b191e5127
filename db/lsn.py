"""A position in the write-ahead log, which is how a commit is named to servers that have to have replayed it."""

import re
from typing import Self

from db.errors import BadInputError

FORM = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


class Lsn(int):
    """A log sequence number: compares and subtracts as the number of bytes it is, prints as PostgreSQL writes it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read PostgreSQL's spelling of a position.

        Raises:
            BadInputError: this is not one.
        """
        match = FORM.fullmatch(text)
        if match is None:
            raise BadInputError(
                "The position is not a log sequence number.",
                hint="Send it back exactly as the server gave it, such as 0/16B3748, or leave it out.",
            )
        return cls(int(match[1], 16) << 32 | int(match[2], 16))

    def __str__(self) -> str:
        return f"{self >> 32:X}/{self & 0xFFFFFFFF:X}"

    def __repr__(self) -> str:
        return f"Lsn({str(self)!r})"
