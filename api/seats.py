"""How many of something one user may have at a time."""

from collections.abc import Callable

from schema.errors import RateLimitedError


class Seat:
    """One that is taken, until it is left."""

    __slots__ = ("_name", "_taken")

    def __init__(self, taken: dict[str, int], name: str) -> None:
        self._taken = taken
        self._name = name

    def __enter__(self) -> None:
        """Nothing more: it is taken."""

    def __exit__(self, *_: object) -> None:
        left = self._taken[self._name] - 1
        if left:
            self._taken[self._name] = left
        else:
            del self._taken[self._name]


class Seats:
    """Counts what each user has now.

    Args:
        most: how many one user may have; None for as many as they like.
        refusal: makes the error for whoever wants more than `most`.
    """

    def __init__(self, most: int | None, refusal: Callable[[str, int], RateLimitedError]) -> None:
        self._most = most
        self._refusal = refusal
        self._taken: dict[str, int] = {}

    def seat(self, name: str) -> "Seat":
        """Count one more of this user's for as long as what is returned is entered.

        Raises:
            RateLimitedError: there are as many as one user may have.
        """
        if self._most is not None and self._taken.get(name, 0) >= self._most:
            raise self._refusal(name, self._most)
        self._taken[name] = self._taken.get(name, 0) + 1
        return Seat(self._taken, name)

    def __len__(self) -> int:
        """Return how many are taken, by all users."""
        return sum(self._taken.values())


def operations(most: int | None) -> Seats:
    """Return seats for operations that run at the same time."""
    return Seats(
        most,
        lambda name, most: RateLimitedError(
            f"{name} has {most} operations running, which is as many as one user may at a time.",
            hint="Wait for some of them to end.",
        ),
    )
