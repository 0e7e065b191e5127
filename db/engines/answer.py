from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from db.lsn import Lsn

T = TypeVar("T")


class EngineRole(StrEnum):
    """Which engine answered, or what a node is for.

    PRIMARY when it is the one that should: there is no replica, or none had replayed what was asked for.
    FALLBACK when it stands in for replicas that are out of service.
    """

    PRIMARY = "PRIMARY"
    REPLICA = "REPLICA"
    FALLBACK = "FALLBACK"


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A value, the role and name of the node it was read from, and a position it is at least as fresh as."""

    value: T
    served_by: EngineRole
    node: str
    lsn: Lsn | None
