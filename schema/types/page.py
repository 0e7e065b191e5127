"""Where a page of a longer list stands."""

from collections.abc import Sequence
from typing import Self

import strawberry


@strawberry.type(description="Where a page of a longer list stands.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more behind `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether there is anything before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge; null on an empty page.")

    @classmethod
    def of(cls, cursors: Sequence[str], *, before: bool, after: bool) -> Self:
        return cls(
            has_next_page=after,
            has_previous_page=before,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
