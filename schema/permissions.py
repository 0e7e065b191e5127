"""The role each root field declares, checked once there and written into the SDL as `@needsRole`."""

from typing import Any, ClassVar

import strawberry
from strawberry.permission import BasePermission
from strawberry.schema_directive import Location

from schema.roles import Role, require


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], description="The role a caller needs.")
class NeedsRole:
    role: str = strawberry.field(description="'viewer', 'hr' or 'admin'.")


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
