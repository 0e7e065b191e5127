"""`yukyu backup`: taken, listed, verified; and how well the installation could be restored."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from api import logs
from api.commands import backup_reports, sites
from api.commands.asking import who
from api.commands.check import EXIT_CODES
from api.commands.following import finish
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.printing import print_json
from db.control import Operation, OperationState
from db.errors import BadInputError
from jobs import backups
from jobs.backups import BackupKind
from jobs.fallback import backups as of_file
from jobs.fallback.site import FileSite
from jobs.refusal import Refusal
from jobs.site import Site

app = typer.Typer(no_args_is_help=True)

T = TypeVar("T")

Incremental = Annotated[
    bool, typer.Option("--incremental", help="Only what has changed since the last one; PostgreSQL 17 and later.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for its end, or only ask for it.")]
BackupId = Annotated[str, typer.Argument(metavar="ID", help="The backup's id, as `yukyu backup list` prints it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="1 to 63 bytes; each name is given once.")]


@app.command()
def create(
    incremental: Incremental = False,  # noqa: FBT002 - Typer's way
    wait: Wait = True,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Take a backup of the running database and verify it.

    The worker of `yukyu up` or `yukyu work` takes it; where none runs, this command does. Clients go on working.

    Example: `yukyu backup create --incremental`
    """
    kind = BackupKind.INCREMENTAL if incremental else BackupKind.FULL

    async def work(site: Site) -> None:
        operation = _accepted(await backups.request(site, kind, by=who()))
        await _end(site, operation, operation.id, wait=wait, as_json=as_json)

    _run(data_dir, work)


@app.command(name="list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """List the backups, newest first: those that are there, running ones, and what became of the others."""
    found = _run(data_dir, backups.listing)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        backup_reports.print_backups(found)


@app.command()
def verify(
    backup_id: BackupId,
    wait: Wait = True,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Look again whether a backup, all it builds on and the WAL it needs are what was stored.

    Example: `yukyu backup verify 20261122T170000Z-full-3f1a`
    """

    async def work(site: Site) -> None:
        operation = _accepted(await backups.request_verification(site, backup_id, by=who()))
        await _end(site, operation, backup_id, wait=wait, as_json=as_json)

    _run(data_dir, work)


@app.command()
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Say how well the installation could be restored now; exit 0 healthy, 1 degraded, 2 down."""
    found = _run(data_dir, backups.status)
    if as_json:
        print_json(asdict(found))
    else:
        backup_reports.print_status(found)
    raise typer.Exit(EXIT_CODES[found.status])


@app.command()
def put_back(
    backup_id: BackupId,
    yes: Yes = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Make an SQLite database what it was when a backup was taken; of PostgreSQL, `yukyu restore` is the way.

    It is proven sound first, and takes the live one's place in one transaction, so that the API goes on. What was live
    is backed up before: the id of that backup is printed, and putting it back undoes this.

    Example: `yukyu backup put-back 20261122T170000Z-full-3f1a`
    """

    async def work(site: Site) -> None:
        if not isinstance(site, FileSite):
            raise BadInputError(
                "Only an SQLite database is put back like this.",
                hint=f"Restore beside the live database: yukyu restore start --backup {backup_id}",
            )
        if not yes:
            typer.confirm(f"Everything written to {site.file} since that backup goes. Go on?", abort=True, err=True)
        before, sound = await of_file.put_back(site, backup_id, by=who())
        if as_json:
            print_json({"id": backup_id, "before": before, "rows": sound.rows})
        else:
            undo = f"; to undo it: yukyu backup put-back {before}" if before else ""
            typer.echo(f"{site.file} holds {sum(sound.rows.values()):,} rows{undo}")

    _run(data_dir, work)


@app.command()
def point(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Name the present moment, so that a restore can go back to it: before an import, a migration, a mass UPDATE.

    Example: `yukyu backup point before-march-import`
    """
    made = _run(data_dir, lambda site: backups.create_restore_point(site, name, by=who()))
    if as_json:
        print_json(asdict(made))
    else:
        typer.echo(f"{made.name} is at {made.lsn}; go back to it with: yukyu restore start --point {made.name}")


def _run(data_dir: DataDir, work: Callable[[Site], Awaitable[T]]) -> T:
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format, level=logging.ERROR)

    async def opened() -> T:
        async with sites.opened(settings) as site:
            return await work(site)

    return asyncio.run(opened())


def _accepted(answer: Operation | Refusal) -> Operation:
    if isinstance(answer, Operation):
        return answer
    _complain(" ".join(filter(None, (answer.message, answer.hint))))
    raise typer.Exit(1)


async def _end(site: Site, operation: Operation, backup_id: str, *, wait: bool, as_json: bool) -> None:
    """Show what came of an operation, or only its id when nobody waits for it."""
    if not wait:
        typer.echo(f'{{"id": "{operation.id}"}}' if as_json else operation.id)
        return
    kinds = of_file.KINDS if isinstance(site, FileSite) else backups.KINDS
    ended = await finish(site, operation, kinds)
    found = await backups.by_id(site, backup_id)
    if found is not None and as_json:
        print_json(asdict(found))
    elif found is not None and ended.state is OperationState.SUCCEEDED:
        backup_reports.print_backup(found)
    if ended.state is not OperationState.SUCCEEDED:
        _complain(ended.error or "It failed.")
        raise typer.Exit(1)


def _complain(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)
