"""What signing in gives, and what a revocation is."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from db import control
from jobs.accounts import signing_in
from schema.types.refusal import Refusal


@strawberry.type(description="Who has signed in, and the tokens that say so.")
class SignedIn:
    name: str = strawberry.field(description="The account's name, as it is kept.")
    roles: list[str] = strawberry.field(description="The roles held: 'viewer', 'hr', 'admin'.")
    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer TOKEN`.")
    expires_at: datetime = strawberry.field(description="When the access token ends.")
    refresh_token: str = strawberry.field(
        description="For `refresh`, once: the answer has the next one. Keep it where other programs cannot read it."
    )
    refresh_expires_at: datetime = strawberry.field(description="When the refresh token ends.")

    @classmethod
    def of(cls, signed_in: signing_in.SignedIn) -> Self:
        return cls(
            name=signed_in.name,
            roles=list(signed_in.roles),
            access_token=signed_in.access_token,
            expires_at=signed_in.expires_at,
            refresh_token=signed_in.refresh_token,
            refresh_expires_at=signed_in.refresh_expires_at,
        )


SignInResult = Annotated[
    SignedIn | Refusal, strawberry.union("SignInResult", description="Whoever signed in, or why nobody did.")
]


@strawberry.type(description="An id that no token may have any more.")
class Revocation:
    id: strawberry.ID = strawberry.field(description="A token's `jti`, or the `sid` of all tokens of a sign-in.")
    revoked_by: str = strawberry.field(description="Who revoked it.")
    revoked_at: datetime = strawberry.field(description="When.")
    until: datetime = strawberry.field(description="When every such token has expired by itself.")

    @classmethod
    def of(cls, row: control.Revocation) -> Self:
        return cls(id=strawberry.ID(row.id), revoked_by=row.revoked_by, revoked_at=row.revoked_at, until=row.until)
