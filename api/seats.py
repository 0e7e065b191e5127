"""How many of something one user may have at a time."""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

from schema.errors import RateLimitedError


class Seats:
    """Counts what each user has now.

    Args:
        most: how many one user may have; None for as many as they like.
        refusal: makes the error for whoever wants more than `most`.
    """

    def __init__(self, most: int | None, refusal: Callable[[str, int], RateLimitedError]) -> None:
        self._most = most
        self._refusal = refusal
        self._taken: Counter[str] = Counter()

    @contextmanager
    def seat(self, name: str) -> Generator[None]:
        """Count one more of this user's while it lasts.

        Raises:
            RateLimitedError: there are as many as one user may have.
        """
        if self._most is not None and self._taken[name] >= self._most:
            raise self._refusal(name, self._most)
        self._taken[name] += 1
        try:
            yield
        finally:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]

    def __len__(self) -> int:
        """Return how many are taken, by all users."""
        return self._taken.total()


def operations(most: int | None) -> Seats:
    """Return seats for operations that run at the same time."""
    return Seats(
        most,
        lambda name, most: RateLimitedError(
            f"{name} has {most} operations running, which is as many as one user may at a time.",
            hint="Wait for some of them to end.",
        ),
    )
