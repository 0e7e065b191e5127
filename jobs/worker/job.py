"""One operation under way, as the code that does it sees it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from db.control import Operation, operations
from jobs.site import Site


@dataclass(frozen=True)
class Job:
    """An operation that the worker has begun; `operation.attempts` is above 1 when an earlier one did not end it."""

    site: Site
    operation: Operation

    @property
    def id(self) -> str:
        return self.operation.id

    @property
    def arguments(self) -> dict[str, Any]:
        return self.operation.arguments

    async def report(self, progress: float, message: str) -> None:
        """Tell whoever watches how far it is; `progress` from 0 to 1."""
        async with self.site.control.transaction() as session:
            operation = await operations.by_id(session, self.id)
            if operation is not None:
                operations.report(operation, progress=progress, message=message, now=self.site.clock())
                session.add(operation)


# Does an operation and returns its outcome; raises `AppError` with the sentence that becomes its error. It must be safe
# to begin again after a crash at any point.
Handler = Callable[[Job], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Kind:
    """A kind of operation; those of one lane are done one after the other.

    `abandon` is called when an operation is not begun again because workers
    died in it too often, before it is marked as failed: to bring what belongs
    to it to an end.
    """

    name: str
    lane: str
    run: Handler
    abandon: Callable[[Job], Awaitable[None]] | None = None
