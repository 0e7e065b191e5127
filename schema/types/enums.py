"""Enums of the rooms below, with the descriptions that the SDL gives them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar, cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from db.control import AlertEventKind, AlertState, DeliveryState, RestoreState, Severity
from db.engines import EngineRole
from db.repository import BackupKind
from db.search import EmployeeTable
from jobs.backups import BackupState
from jobs.health import HealthStatus

__all__ = [
    "AlertEventKind",
    "AlertState",
    "BackupKind",
    "BackupState",
    "DeliveryState",
    "EmployeeTable",
    "EngineRole",
    "HealthStatus",
    "RestoreState",
    "Severity",
]

E = TypeVar("E", bound=StrEnum)


def _describe(enum: type[E], description: str, values: Mapping[E, str]) -> None:
    strawberry.enum(enum, description=description)
    definition = cast("StrawberryEnumDefinition", enum.__strawberry_definition__)  # pyright: ignore[reportAttributeAccessIssue] - `strawberry.enum` put it there
    for value in definition.values:
        value.description = values[enum(value.value)]


_describe(
    EmployeeTable,
    "The four employee tables, by their table names.",
    {
        EmployeeTable.EMPLOYEES: "Paid-leave accounts (有給休暇), one a person and year.",
        EmployeeTable.GENZAI: "Dispatch employees (派遣社員).",
        EmployeeTable.UKEOI: "Contract employees (請負社員).",
        EmployeeTable.STAFF: "The company's own staff (社員).",
    },
)
_describe(
    EngineRole,
    "Which engine answered.",
    {
        EngineRole.PRIMARY: "The server that takes writes.",
        EngineRole.REPLICA: "A streaming replica.",
        EngineRole.FALLBACK: "A database file, where there is no PostgreSQL.",
    },
)
_describe(
    HealthStatus,
    "How something is.",
    {
        HealthStatus.HEALTHY: "As it should be.",
        HealthStatus.DEGRADED: "It works, with less than there should be.",
        HealthStatus.DOWN: "It does not work.",
    },
)
_describe(
    BackupKind,
    "What a base backup holds.",
    {
        BackupKind.FULL: "The whole database.",
        BackupKind.INCREMENTAL: "What changed since another backup, which it needs.",
    },
)
_describe(
    BackupState,
    "How far a backup is.",
    {
        BackupState.RUNNING: "It is being taken, or waits to be.",
        BackupState.COMPLETED: "It is whole and its WAL is in the archive.",
        BackupState.VERIFIED: "Every file of it was read again and is intact.",
        BackupState.FAILED: "It came to nothing, or was found to be damaged.",
        BackupState.EXPIRED: "It was removed, because nothing in the window needs it.",
    },
)
_describe(
    RestoreState,
    "How far a restore is.",
    {
        RestoreState.QUEUED: "It waits for the worker.",
        RestoreState.PLANNING: "Backup and WAL are looked for and checked.",
        RestoreState.RESTORING: "The backup is unpacked into a new directory.",
        RestoreState.RECOVERING: "A private server replays WAL up to the target.",
        RestoreState.VERIFYING: "What came of it is checked and compared.",
        RestoreState.READY: "It is proven, and waits to be promoted or discarded.",
        RestoreState.PROMOTING: "It is being made the live database.",
        RestoreState.PROMOTED: "It is the live database.",
        RestoreState.ROLLING_BACK: "The database that was live before is being made live again.",
        RestoreState.ROLLED_BACK: "The database that was live before is live again.",
        RestoreState.DISCARDED: "It was thrown away.",
        RestoreState.FAILED: "It came to nothing; the live database is as it was.",
    },
)
_describe(
    Severity,
    "How bad something is.",
    {
        Severity.INFO: "Worth knowing; nothing has to be done today.",
        Severity.WARNING: "Somebody should look at it in working hours.",
        Severity.CRITICAL: "Somebody should look at it now.",
    },
)
_describe(
    AlertState,
    "How far an alert is.",
    {
        AlertState.PENDING: "The condition holds, and not yet for long enough.",
        AlertState.FIRING: "It has held for long enough, and holds.",
        AlertState.RESOLVED: "It is over.",
    },
)
_describe(
    AlertEventKind,
    "What happened to an alert.",
    {
        AlertEventKind.FIRED: "It fires.",
        AlertEventKind.RESOLVED: "It is over.",
        AlertEventKind.ACKNOWLEDGED: "Somebody has seen it.",
        AlertEventKind.SILENCED: "Somebody wants nobody to be told of it for a time.",
        AlertEventKind.REPEATED: "It still fires, and nobody has said that they have seen it.",
    },
)
_describe(
    DeliveryState,
    "What became of telling somebody.",
    {
        DeliveryState.PENDING: "It is still to be told.",
        DeliveryState.SENT: "The receiver has taken it.",
        DeliveryState.FAILED: "The receiver has not taken it.",
        DeliveryState.SKIPPED: "It was not tried: the channel is not configured, or does not tell of this.",
    },
)
