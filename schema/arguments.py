"""Arguments that many root fields take."""

from typing import Annotated

import strawberry

First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Cursor of the last item already seen.")]
