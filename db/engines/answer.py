from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from db.lsn import Lsn

T = TypeVar("T")


class EngineRole(StrEnum):
    """Which engine answered, or what a node is for; FALLBACK is a database file, where there is no PostgreSQL."""

    PRIMARY = "PRIMARY"
    REPLICA = "REPLICA"
    FALLBACK = "FALLBACK"


class Answer(NamedTuple, Generic[T]):
    """A value, the role and name of the node it was read from, and a position it is at least as fresh as."""

    value: T
    served_by: EngineRole
    node: str
    lsn: Lsn | None
