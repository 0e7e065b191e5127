"""Who may do what: three roles, what each includes, and how a request is refused for want of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.errors import AppError


class Role(StrEnum):
    VIEWER = "viewer"
    HR = "hr"
    ADMIN = "admin"


# Both look people up. An admin runs the machine and does not, by that, see personal fields.
INCLUDES: dict[Role, frozenset[Role]] = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.HR: frozenset({Role.HR, Role.VIEWER}),
    Role.ADMIN: frozenset({Role.ADMIN, Role.VIEWER}),
}
# The same from the other side: whoever has one of these has the role.
HELD_WITH = {role: frozenset(own for own in Role if role in INCLUDES[own]) for role in Role}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, as their token says."""

    name: str
    roles: tuple[Role, ...] = ()
    expires_at: datetime | None = None
    # By which the token, and the sign-in it belongs to, can be revoked.
    token_id: str | None = None
    sign_in: str | None = None

    @property
    def revocable_by(self) -> frozenset[str]:
        return frozenset(filter(None, (self.token_id, self.sign_in)))

    def has(self, role: Role) -> bool:
        return not HELD_WITH[role].isdisjoint(self.roles)


ANONYMOUS = Identity(name="anonymous")


class UnauthenticatedError(AppError):
    """Nobody has said, believably, who is asking."""

    code = "UNAUTHENTICATED"

    def __init__(self, message: str = "This needs a sign-in.") -> None:
        super().__init__(message, hint="Send `Authorization: Bearer TOKEN`; `yukyu token --role ROLE` prints a token.")


class ForbiddenError(AppError):
    """Whoever is asking lacks the role."""

    code = "FORBIDDEN"

    def __init__(self, role: Role) -> None:
        super().__init__(f"This needs the role {role.value}.", hint="Ask an administrator for a token with that role.")


def require(identity: Identity, role: Role) -> None:
    """Refuse whoever lacks the role.

    Raises:
        UnauthenticatedError: nobody is signed in.
        ForbiddenError: somebody is, without the role.
    """
    if identity.has(role):
        return
    if identity is ANONYMOUS:
        raise UnauthenticatedError
    raise ForbiddenError(role)
