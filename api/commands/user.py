"""`yukyu user`: local accounts, and tokens that are to count no more."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.commands.asking import who
from api.commands.options import AsJson, DataDir
from api.commands.printing import print_json
from api.commands.stores import on_store
from db.control import Account, Control
from db.errors import BadInputError
from jobs.accounts import administration, passwords, revoking
from jobs.accounts.passwords import Passwords
from schema.roles import Role

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name; case makes no difference.")]
Roles = Annotated[list[Role], typer.Option("--role", help="A role of the account; give it again for another.")]
TokenId = Annotated[
    str, typer.Argument(metavar="ID", help="A token's `jti`, or a sign-in's `sid`; `yukyu audit list` shows both.")
]


@app.command()
def add(name: Name, role: Roles, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Make an account. The password, 12 to 1024 characters, is asked for, or read from standard input.

    Example: `yukyu user add aiko --role viewer --role hr`
    """
    given, roles = _password(), _values(role)

    async def work(control: Control) -> Account:
        hashing = Passwords()
        return await administration.add(control, name, given, roles, hashing=hashing, by=who(), now=_now())

    _done(on_store(data_dir, work), "may sign in now", as_json=as_json)


@app.command(name="list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """List the accounts.

    Example: `yukyu user list --json`
    """
    found = on_store(data_dir, administration.listing)
    if as_json:
        print_json([_shown(account) for account in found])
    else:
        _print(found)


@app.command()
def roles(name: Name, role: Roles, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Give an account these roles in place of those it had; whoever is signed in by it has to sign in again.

    Example: `yukyu user roles aiko --role viewer`
    """
    changed = _change(data_dir, lambda control: administration.set_roles(
        control, name, _values(role), by=who(), now=_now()
    ))  # fmt: skip
    _done(changed, "has these roles now", as_json=as_json)


@app.command()
def password(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Give an account another password; whoever is signed in by it has to sign in again.

    Example: `yukyu user password aiko < file-with-the-password`
    """
    given = _password()
    changed = _change(data_dir, lambda control: administration.set_password(
        control, name, given, hashing=Passwords(), by=who(), now=_now()
    ))  # fmt: skip
    _done(changed, "has a new password", as_json=as_json)


@app.command()
def lock(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Keep an account from signing in, and sign it out everywhere; every server knows within seconds.

    Example: `yukyu user lock aiko`
    """
    changed = _change(data_dir, lambda control: administration.set_locked(
        control, name, locked=True, by=who(), now=_now()
    ))  # fmt: skip
    _done(changed, "is locked", as_json=as_json)


@app.command()
def unlock(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Let a locked account sign in again.

    Example: `yukyu user unlock aiko`
    """
    changed = _change(data_dir, lambda control: administration.set_locked(
        control, name, locked=False, by=who(), now=_now()
    ))  # fmt: skip
    _done(changed, "may sign in again", as_json=as_json)


@app.command()
def remove(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Remove an account, and sign it out everywhere; what it did stays in the audit log.

    Example: `yukyu user remove aiko`
    """
    changed = _change(data_dir, lambda control: administration.remove(control, name, by=who(), now=_now()))
    _done(changed, "is removed", as_json=as_json)


@app.command()
def revoke(token_id: TokenId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Let a token count no more, or all tokens of a sign-in, by its id; every server knows within seconds.

    Example: `yukyu user revoke 3q2-7wAB_xyz0123`
    """
    revoked = on_store(data_dir, lambda control: revoking.revoke(control, token_id, by=who(), now=_now()))
    if as_json:
        print_json(revoked.model_dump(mode="json"))
    else:
        typer.echo(f"No token with the id {revoked.id} counts any more.")


def _change(data_dir: Path | None, work: Callable[[Control], Awaitable[Account]]) -> Account:
    return on_store(data_dir, work)


def _password() -> str:
    """Ask for a password twice, or read one line from standard input where nobody sits there.

    Raises:
        BadInputError: there is none.
    """
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    given = sys.stdin.readline(passwords.LONGEST + 2).rstrip("\r\n")
    if not given:
        raise BadInputError("There is no password on standard input.", hint="Pipe one line, or run this in a terminal.")
    return given


def _values(given: Sequence[Role]) -> list[str]:
    return [role.value for role in dict.fromkeys(given)]


def _now() -> datetime:
    return datetime.now(UTC)


def _shown(account: Account) -> dict[str, Any]:
    return account.model_dump(mode="json", exclude={"password_hash"})


def _done(account: Account, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_shown(account))
    else:
        typer.echo(f"{account.name} ({', '.join(account.roles)}) {what}.")


def _print(found: Sequence[Account]) -> None:
    table = Table("Name", "Roles", "State", "Last sign-in (UTC)", box=None, padding=(0, 2, 0, 0))
    for each in found:
        state = "[red]locked[/]" if each.locked else "[green]open[/]"
        signed_in = f"{each.signed_in_at:%Y-%m-%d %H:%M:%S}" if each.signed_in_at else ""
        table.add_row(escape(each.name), ", ".join(each.roles), state, signed_in)
    console = Console(highlight=False)
    console.print(table if found else "There is no account yet; `yukyu user add NAME --role ROLE` makes one.")
