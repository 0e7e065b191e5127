"""Makes, changes and removes accounts, as an administrator does. Each change is in the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Account, Control, audit
from db.control import accounts as rows
from db.errors import NotFoundError
from jobs.accounts import ending, names, passwords
from jobs.accounts.errors import AccountExistsError
from jobs.accounts.passwords import Passwords


async def listing(control: Control) -> Sequence[Account]:
    async with control.reading() as session:
        return await rows.all_of(session)


async def add(  # noqa: PLR0913 - the columns of a row
    control: Control, name: str, password: str, roles: Sequence[str], *, hashing: Passwords, by: str, now: datetime
) -> Account:
    """Make an account.

    Raises:
        AccountNameError: nobody can be called so.
        PasswordError: the password does not keep the rules.
        AccountExistsError: there is one of this name.
    """
    kept = names.checked(name)
    passwords.check(password, name=kept)
    password_hash = await hashing.hash(password)
    async with control.transaction() as session:
        if await rows.by_name(session, kept) is not None:
            raise AccountExistsError(f"There is an account {kept} already.", hint="`yukyu user list` shows them all.")
        account = Account(name=kept, password_hash=password_hash, roles=list(roles), created_at=now, changed_at=now)
        session.add(account)
        await _record(session, account, "add-user", by=by, now=now, details={"roles": list(roles)})
    return account


async def set_roles(control: Control, name: str, roles: Sequence[str], *, by: str, now: datetime) -> Account:
    """Give an account other roles; whoever is signed in by it has to sign in again.

    Raises:
        NotFoundError: there is no such account.
    """
    async with control.transaction() as session:
        account = await _found(session, name)
        before, account.roles = account.roles, list(roles)
        await _changed(session, account, "set-user-roles", by=by, now=now, details={"roles": roles, "before": before})
    return account


async def set_password(  # noqa: PLR0913 - who, what, and by whom
    control: Control, name: str, password: str, *, hashing: Passwords, by: str, now: datetime
) -> Account:
    """Give an account another password; whoever is signed in by it has to sign in again.

    Raises:
        PasswordError: the password does not keep the rules.
        NotFoundError: there is no such account.
    """
    passwords.check(password, name=name)
    password_hash = await hashing.hash(password)
    async with control.transaction() as session:
        account = await _found(session, name)
        account.password_hash = password_hash
        await _changed(session, account, "set-user-password", by=by, now=now)
    return account


async def set_locked(control: Control, name: str, *, locked: bool, by: str, now: datetime) -> Account:
    """Keep an account from signing in, ending what is signed in by it; or let it in again.

    Raises:
        NotFoundError: there is no such account.
    """
    async with control.transaction() as session:
        account = await _found(session, name)
        account.locked = locked
        await _changed(session, account, "lock-user" if locked else "unlock-user", by=by, now=now)
    return account


async def remove(control: Control, name: str, *, by: str, now: datetime) -> Account:
    """Remove an account, ending what is signed in by it.

    Raises:
        NotFoundError: there is no such account.
    """
    async with control.transaction() as session:
        account = await _found(session, name)
        await ending.end_all(session, account.name, by=by, now=now)
        await rows.remove(session, account)
        await _record(session, account, "remove-user", by=by, now=now)
    return account


async def _found(session: AsyncSession, name: str) -> Account:
    account = await rows.by_name(session, names.folded(name))
    if account is None:
        raise NotFoundError("account", repr(name[: names.LONGEST]))
    return account


async def _changed(  # noqa: PLR0913 - the columns of an entry
    session: AsyncSession,
    account: Account,
    action: str,
    *,
    by: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    account.changed_at = now
    session.add(account)
    await ending.end_all(session, account.name, by=by, now=now)
    await _record(session, account, action, by=by, now=now, details=details)


async def _record(  # noqa: PLR0913 - the columns of an entry
    session: AsyncSession,
    account: Account,
    action: str,
    *,
    by: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        session, who=by, action=action, subject=account.name, result=audit.SUCCEEDED, details=details, now=now
    )
