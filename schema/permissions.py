"""The role each root field declares, checked once there and written into the SDL as `@needsRole`."""

from collections.abc import Iterable
from typing import Any, ClassVar

import strawberry
from strawberry.permission import BasePermission
from strawberry.schema_directive import Location
from strawberry.types import get_object_definition

from schema.roles import Role, require


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], description="The role a caller needs.")
class NeedsRole:
    role: str = strawberry.field(description="'viewer', 'hr' or 'admin'.")


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], description="Anybody may ask, signed in or not.")
class NeedsNoRole:
    pass


class Anybody(BasePermission):
    """What is open says so, as what is not does: a root field without either is a mistake that a test finds."""

    _schema_directive = NeedsNoRole()

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:  # noqa: ANN401, ARG002 - Strawberry's signature
        return True


class _RolePermission(BasePermission):
    role: ClassVar[Role]

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:  # noqa: ANN401, ARG002 - Strawberry's signature
        require(info.context.identity, self.role)
        return True


class IsViewer(_RolePermission):
    role = Role.VIEWER
    _schema_directive = NeedsRole(role=Role.VIEWER.value)


class IsAdmin(_RolePermission):
    role = Role.ADMIN
    _schema_directive = NeedsRole(role=Role.ADMIN.value)


def write_into_sdl(roots: Iterable[type]) -> None:
    """Let the SDL say what the fields of the root types declare, as directives. Safe to repeat."""
    for root in roots:
        for field in get_object_definition(root, strict=True).fields:
            for permission in field.permission_classes:
                directive = permission._schema_directive  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of our own classes
                if directive not in field.directives:
                    field.directives = [*field.directives, directive]
