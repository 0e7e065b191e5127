"""How much one process takes on at a time: beyond it, whoever comes is told so at once, and all others are answered."""

from collections.abc import Generator
from contextlib import contextmanager

from schema.errors import OverloadedError
from schema.roles import Identity, Role

# For admins, who must be able to look at a server just when it is overloaded.
RESERVED = 8


class Capacity:
    """Counts the operations that run or wait in this process.

    A queue that may grow makes everybody wait longer than anybody does; one that may not makes some ask again.

    Args:
        most: how many there may be; admins may have a few more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    @contextmanager
    def seat(self, identity: Identity) -> Generator[None]:
        """Count one more while it lasts.

        Raises:
            OverloadedError: there are as many as there may be.
        """
        if self.taken >= self._most and (self.taken >= self._most + RESERVED or not identity.has(Role.ADMIN)):
            raise OverloadedError(self._most)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
