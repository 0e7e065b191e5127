"""What every channel is: a name, what it tells, and how to tell it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol

from db.control import AlertEventKind
from db.errors import AppError
from jobs.alerts.notice import Notice


class LaterError(AppError):
    """The receiver could not take it now, and may be able to later; not before `after`, where it said so."""

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class RefusedError(AppError):
    """The receiver will never take it."""


@dataclass(frozen=True, slots=True)
class Told:
    """That the receiver has taken it: in which message, and what is to be said about that."""

    message: str | None = None
    remark: str | None = None


class Channel(Protocol):
    name: ClassVar[str]
    # Whether what happened to several alerts of a rule at the same time is told in one message.
    together: ClassVar[bool]
    # The events it tells of; others are skipped.
    kinds: ClassVar[frozenset[AlertEventKind]]

    async def tell(self, notices: Sequence[Notice]) -> Told:
        """Tell of events of one rule and kind, and return once the receiver has taken it.

        Raises:
            LaterError: not now.
            RefusedError: never.
        """
        ...
