"""Enums of the rooms below, with the descriptions that the SDL gives them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar, cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from db.engines import EngineRole
from db.search import EmployeeTable
from jobs.health import HealthStatus

__all__ = ["EmployeeTable", "EngineRole", "HealthStatus"]

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
