"""All commands together, and what an error looks like on a terminal."""

import gc
import os
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
HELP_OPTION, VERSION_OPTION = "--help", "--version"
# What the shell sets where it asks how a command line may go on.
COMPLETING = "_YUKYU_COMPLETE"

# Each command, and how the list of all describes it. Only the one that was asked for is imported, none for the list:
# all of them take a second or two.
COMMANDS = {
    "up": (
        "Start PostgreSQL (primary and replica), the API and the worker that takes backups; Ctrl-C stops them in order."
    ),
    "serve": "Serve the API until stopped; ready when `/readyz` answers 200.",
    "work": "Take and check backups, keep the WAL archive and do restores, until stopped.",
    "node": "Run one server of an installation: make it, start it again when it dies, and follow restores.",
    "check": "Measure the health of everything; exit 0 healthy, 1 degraded, 2 down.",
    "token": "Print a token, and nothing else. The audit log tells of it, by the id that revokes it.",
    "schema": "Print the GraphQL schema in the schema definition language.",
}
# Each group of commands, the module it is in, and what it is about.
GROUPS = {
    "db": ("database", "Schema revision and address of the database."),
    "data": ("data", "Sample data; rows of the old application, of exports and workbooks: in, out, compared and back."),
    "backup": ("backup", "Backups, and the restore points between them."),
    "restore": ("restore", "Restores: tried out beside the live database, promoted only when asked."),
    "monitor": ("monitor", "How fast the database is, how it was before, and what to do about it."),
    "alerts": ("alerts", "Alerts, the rules they come of, and the channels that tell of them."),
    "user": ("user", "Who may sign in by name and password."),
    "audit": ("audit", "Who did what, when, from where, and what came of it."),
    "keys": ("keys", "Keys that personal columns, backups and WAL are encrypted with."),
}

# Those that answer the API's requests.
SERVERS = ("up", "serve")
# Those that run until they are stopped, so that being stopped is no failure.
LASTING = ("up", "serve", "work", "node")


def program(wanted: str | None) -> typer.Typer:
    """Return the command line with the one command that is wanted; with a list of all when it is none of them."""
    app = typer.Typer(
        name="yukyu",
        help="Paid-leave data with ranked search, on PostgreSQL. Start with `yukyu up`.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(options)
    # Behind any other option a command may follow.
    everything = COMPLETING in os.environ or (
        wanted is not None and wanted.startswith("-") and wanted not in {HELP_OPTION, VERSION_OPTION}
    )
    listed = wanted not in {*COMMANDS, *GROUPS, VERSION_OPTION}
    for name, summary in COMMANDS.items():
        if name == wanted or everything:
            app.command(name)(getattr(import_module(f"api.commands.{name}"), name))
        elif listed:
            app.command(name, help=summary)(_listed)
    for name, (module, summary) in GROUPS.items():
        if name == wanted or everything:
            app.add_typer(import_module(f"api.commands.{module}").app, name=name, help=summary)
        elif listed:
            app.add_typer(typer.Typer(), name=name, help=summary)
    return app


def _listed() -> None:
    """Stand for a command where all of them are listed."""


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
