"""All commands together, and what an error looks like on a terminal."""

import gc
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from api.commands import allocator
from api.version import VERSION
from db.errors import AppError, SettingError

FAILED, USAGE, INTERRUPTED = 1, 2, 130
VERSION_OPTION = "--version"

# Each command and the module it is in. Only the one that was asked for is imported: all of them take a second.
COMMANDS = ("up", "serve", "work", "node", "check", "token", "schema")
GROUPS = {
    "db": "database",
    "data": "data",
    "backup": "backup",
    "restore": "restore",
    "monitor": "monitor",
    "alerts": "alerts",
    "user": "user",
    "audit": "audit",
    "keys": "keys",
}

# Those that answer the API's requests.
SERVERS = ("up", "serve")
# Those that run until they are stopped, so that being stopped is no failure.
LASTING = ("up", "serve", "work", "node")


def program(wanted: str | None) -> typer.Typer:
    """Return the command line with the one command that is wanted, or with all when it is none of them."""
    app = typer.Typer(
        name="yukyu",
        help="Paid-leave data with ranked search, on PostgreSQL. Start with `yukyu up`.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(options)
    known = wanted in COMMANDS or wanted in GROUPS or wanted == VERSION_OPTION
    for name in COMMANDS:
        if name == wanted or not known:
            app.command(name)(getattr(import_module(f"api.commands.{name}"), name))
    for name, module in GROUPS.items():
        if name == wanted or not known:
            app.add_typer(import_module(f"api.commands.{module}").app, name=name)
    return app


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


Version = Annotated[
    bool, typer.Option(VERSION_OPTION, help="Print the version and leave.", callback=_version, is_eager=True)
]


def options(version: Version = False) -> None:  # noqa: FBT002 - `_version` acts on it
    """Take what stands before any command."""


def main() -> None:
    """Run one command; an error is one line on standard error, with a hint where there is one."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    if wanted in SERVERS:
        allocator.choose()
    if wanted in LASTING:  # until it has its own way to stop, there is nothing yet to stop in order
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
    try:
        _imported(wanted)()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except AppError as error:
        _complain(error.message, error.hint)
        sys.exit(USAGE if isinstance(error, SettingError) else FAILED)
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            said = problem["msg"].removeprefix("Value error, ")
            message = f"YUKYU_{name}: {said}" if name else f"{said}."  # several settings together have no name
            _complain(message, "docs/configuration.md explains every setting.")
        sys.exit(USAGE)


def _imported(wanted: str | None) -> typer.Typer:
    """Return the command line; the garbage collector neither looks for garbage in what is imported, nor ever will."""
    gc.disable()
    app = program(wanted)
    gc.freeze()
    gc.enable()
    return app


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit()


def _complain(message: str, hint: str | None) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("[bold red]Error:[/] ", end="")
    console.print(message, markup=False)
    if hint:
        console.print(hint, markup=False, style="dim")
