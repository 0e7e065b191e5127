"""Answers that take long, and are carried over from one tick to the next."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Carried(Generic[T]):
    """Asks a question again and again, at most one at a time, and keeps the last answer meanwhile."""

    def __init__(self, subject: str, ask: Callable[[], Awaitable[T]], *, every: timedelta) -> None:
        self._subject = subject
        self._ask = ask
        self._every = every.total_seconds()
        self._due = 0.0
        self._asking: asyncio.Future[T] | None = None
        self._answer: T | None = None
        self._failure: str | None = None

    @property
    def late(self) -> bool:
        """Whether a question has not been answered yet."""
        return self._asking is not None

    async def get(self, *, until: float) -> T | None:
        """Ask if it is time to; return the newest answer that is there by `until`, on the event loop's clock."""
        now = asyncio.get_running_loop().time()
        if self._asking is None and now >= self._due:
            self._due = now + self._every
            self._asking = asyncio.ensure_future(self._ask())
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=max(0.0, until - now))
            if self._asking.done():
                self._take(self._asking)
        return self._answer

    def renew(self) -> None:
        """Forget the answer, and ask again at once: it was about something else."""
        self.cancel()
        self._due, self._answer = 0.0, None

    def cancel(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _take(self, asked: asyncio.Future[T]) -> None:
        self._asking = None
        failure = asked.exception()
        if failure is None:
            self._answer, self._failure = asked.result(), None
        elif (reason := str(failure) or type(failure).__name__) != self._failure:
            self._failure = reason
            log.warning("not measured", subject=self._subject, reason=reason)
