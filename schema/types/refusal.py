"""What a declined request gets."""

from typing import Self

import strawberry

from jobs import refusal


@strawberry.type(description="A request that was understood and declined; nothing was changed.")
class Refusal:
    code: str = strawberry.field(description="For programs, such as OUTSIDE_WINDOW.")
    message: str = strawberry.field(description="For people: why.")
    hint: str | None = strawberry.field(description="What would make it possible.")

    @classmethod
    def of(cls, declined: refusal.Refusal) -> Self:
        return cls(code=declined.code, message=declined.message, hint=declined.hint)
