"""How much one process takes on at a time: beyond it, whoever comes is told so at once, and all others are answered."""

from collections.abc import Callable

from schema.errors import OverloadedError
from schema.roles import Identity, Role

# For admins, who must be able to look at a server just when it is overloaded.
RESERVED = 8
# As long as reads wait longer than this for a connection, nobody is let in to wait behind them: there are fewer
# operations then than there may be, but the database takes longer for each.
LONGEST_WAIT_SECONDS = 0.5


class Capacity:
    """Counts the operations that run or wait in this process.

    A queue that may grow makes everybody wait longer than anybody does; one that may not makes some ask again.

    Args:
        most: how many there may be; admins may have a few more.
        wait_seconds: tells how long reads wait for the database as things are.
    """

    def __init__(self, most: int, wait_seconds: Callable[[], float]) -> None:
        self._most = most
        self._wait_seconds = wait_seconds
        self.taken = 0

    def seat(self, identity: Identity) -> "Capacity":
        """Count one more for as long as what is returned is entered.

        Raises:
            OverloadedError: there are as many as there may be, or they wait for too long already.
        """
        full = self.taken >= self._most or self._wait_seconds() > LONGEST_WAIT_SECONDS
        if full and (self.taken >= self._most + RESERVED or not identity.has(Role.ADMIN)):
            raise OverloadedError(self.taken)
        self.taken += 1
        return self

    def __enter__(self) -> None:
        """Nothing more: `seat` has counted."""

    def __exit__(self, *_: object) -> None:
        self.taken -= 1
