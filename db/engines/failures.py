"""Tells a server that cannot answer from a question that has no answer."""

from collections.abc import Mapping
from typing import Final, Protocol

import asyncpg

from db import tls
from db.errors import DatabaseUnavailableError

# What asyncpg raises when it cannot talk to a server; a timeout is an OSError.
UNREACHABLE: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# Class 08, and what PostgreSQL says as it stops (57P01), crashes (57P02), starts (57P03) or loses the database (57P04).
GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
)

# A standby cancels queries that stand in the way of replay; nothing else gives a read these codes there.
CONFLICT: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class NodeFailedError(Exception):
    """This node could not answer; another may."""


class NodeLostError(NodeFailedError):
    """The connection was refused, or broke: leave the node alone until a probe finds it well."""


class NodeSlowError(NodeFailedError):
    """No connection could be had in time: the node may hang, or have too much to do. A probe will tell."""


class NodeBusyError(NodeFailedError):
    """The node is alive, but would not answer this one."""


class Closable(Protocol):
    def is_closed(self) -> bool: ...


def of(error: Exception, connection: Closable, *, on_standby: bool) -> NodeFailedError | None:
    """Return the node's failure that made this error, or None when the statement itself is at fault."""
    if isinstance(error, GONE) or _is_broken(connection):
        return NodeLostError(sentence(error))
    if on_standby and isinstance(error, CONFLICT):
        return NodeBusyError("It cancelled the query to go on replaying.")
    return None


def _is_broken(connection: Closable) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # so broken that the pool has taken it back already
        return True


def sentence(error: BaseException) -> str:
    """Return what happened in one sentence; drivers put addresses and user names in their texts, never passwords."""
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    if refusal := tls.refusal(error):
        return refusal
    if isinstance(error, ConnectionRefusedError):
        return "Nothing listens at its address."
    if isinstance(error, FileNotFoundError):  # a socket, or a certificate that was there at the start
        return "Nothing listens at its address, or a file that its address names is gone."
    if isinstance(error, asyncpg.InternalClientError):
        return "The connection broke."
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


class NoNodeError(DatabaseUnavailableError):
    """Every node has failed; `reasons` says how, by node, for logs and for those who run the machine."""

    def __init__(self, message: str, *, hint: str, reasons: Mapping[str, str]) -> None:
        super().__init__(message, hint=hint)
        self.reasons = dict(reasons)
