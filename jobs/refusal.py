"""A request that was understood and declined: nothing was changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and what would make it possible. `code` is UPPER_CASE, such as OUTSIDE_WINDOW."""

    code: str
    message: str
    hint: str | None = None
