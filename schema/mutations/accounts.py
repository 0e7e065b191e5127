"""Signing in, staying signed in, signing out, and revoking tokens."""

from typing import Annotated

import strawberry

from jobs.accounts import revoking
from jobs.accounts.signing_in import SignedIn as Signed
from jobs.refusal import Refusal as Declined
from schema.context import Info
from schema.permissions import Anybody, IsAdmin
from schema.types.accounts import Revocation, SignedIn, SignInResult
from schema.types.refusal import Refusal

RefreshToken = Annotated[str, strawberry.argument(description="The refresh token that was given last.")]


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description=(
            "Sign in with a local account. Who has none, gives a wrong password or is locked gets the same answer; "
            "who fails often has to wait."
        ),
        permission_classes=[Anybody],
    )
    async def login(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The account's name; case makes no difference.")],
        password: Annotated[str, strawberry.argument(description="Send it as a variable.")],
    ) -> SignInResult:
        accounts = info.context.access.accounts()
        return _result(await accounts.sign_in(name, password, origin=info.context.origin))

    @strawberry.mutation(
        description=(
            "Get a new access token, and the next refresh token in place of this one. A refresh token that comes a "
            "second time ends its sign-in, for somebody else has it too."
        ),
        permission_classes=[Anybody],
    )
    async def refresh(self, info: Info, token: RefreshToken) -> SignInResult:
        accounts = info.context.access.accounts()
        return _result(await accounts.refresh(token, origin=info.context.origin))

    @strawberry.mutation(
        description="Sign out: the refresh token and all access tokens of its sign-in end. False where they had ended.",
        permission_classes=[Anybody],
    )
    async def logout(self, info: Info, token: RefreshToken) -> bool:
        return await info.context.access.accounts().sign_out(token, origin=info.context.origin)

    @strawberry.mutation(
        description="Let a token count no more, or all tokens of a sign-in. Every server knows within seconds.",
        permission_classes=[IsAdmin],
    )
    async def revoke_token(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - as everywhere in the contract
            strawberry.ID,
            strawberry.argument(description="A token's `jti`, or a sign-in's `sid`; the audit log has both."),
        ],
    ) -> Revocation:
        access = info.context.access
        revocation = await revoking.revoke(access.store(), id, by=info.context.identity.name, now=access.clock())
        access.revoked.add(revocation.id)
        return Revocation.of(revocation)


def _result(outcome: Signed | Declined) -> SignedIn | Refusal:
    return Refusal.of(outcome) if isinstance(outcome, Declined) else SignedIn.of(outcome)
