"""The caller, as the API sees them."""

from typing import Self

import strawberry

from schema.roles import Identity


@strawberry.type(description="Whoever is asking.")
class Viewer:
    name: str = strawberry.field(description="The name in the token; 'anonymous' without one.")
    roles: list[str] = strawberry.field(description="The roles held: 'viewer', 'hr', 'admin'; none without a token.")

    token_id: str | None = strawberry.field(description="The id of the token that says so; null without one.")

    @classmethod
    def of(cls, identity: Identity) -> Self:
        return cls(name=identity.name, roles=[role.value for role in identity.roles], token_id=identity.token_id)
