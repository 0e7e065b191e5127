"""The rows of local accounts: who may sign in, what was signed in with, and which tokens no longer count."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON
from sqlmodel import Field

from db.control import columns


class Account(columns.Row, table=True):
    """Somebody who signs in by name and password."""

    __tablename__: ClassVar[str] = "account"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    # As jobs.accounts.names folds it, so that no two differ by case or width alone.
    name: str = Field(primary_key=True)
    # In the PHC format, with algorithm, parameters and salt.
    password_hash: str
    roles: list[str] = Field(default_factory=list, sa_type=JSON)
    locked: bool = False
    created_at: datetime = columns.moment()
    changed_at: datetime = columns.moment()
    signed_in_at: datetime | None = columns.optional_moment()


class SignIn(columns.Row, table=True):
    """A family of refresh tokens: each replaces the one before it, from one sign-in on until it is ended."""

    __tablename__: ClassVar[str] = "sign_in"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    # In every access token of the family as `sid`.
    id: str = Field(primary_key=True)
    account: str = Field(index=True)
    # From where; of IPv6 the network.
    address: str | None = None
    started_at: datetime = columns.moment()
    # When its newest refresh token ends.
    expires_at: datetime = columns.indexed_moment()
    ended_at: datetime | None = columns.optional_moment()


class RefreshToken(columns.Row, table=True):
    """A refresh token; those that were used are kept as long as their family, to know them when they come again."""

    __tablename__: ClassVar[str] = "refresh_token"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    # SHA-256 of the token, in hexadecimal: the token has 256 bits of chance, so that nothing slower is needed.
    hash: str = Field(primary_key=True)
    sign_in: str = Field(index=True)
    expires_at: datetime = columns.moment()
    used_at: datetime | None = columns.optional_moment()


class Revocation(columns.Row, table=True):
    """An id that no token may have any more: a token's `jti`, or the `sid` of all tokens of a sign-in."""

    __tablename__: ClassVar[str] = "revocation"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    id: str = Field(primary_key=True)
    revoked_by: str
    revoked_at: datetime = columns.moment()
    # From then on every token with this id has expired, and the row is of no use.
    until: datetime = columns.indexed_moment()
