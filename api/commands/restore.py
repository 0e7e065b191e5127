"""`yukyu restore`: back to a moment, proven before it becomes live, and undone as long as that loses nothing."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from api import logs
from api.commands import restore_reports, sites
from api.commands.asking import who
from api.commands.following import finish
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.printing import print_json
from api.settings import Settings
from db.cluster.lock import held, holder
from db.control import OperationState, RestoreRun, RestoreState
from db.errors import BadInputError
from jobs import backups, restores
from jobs.refusal import Refusal
from jobs.restores import Plan, Target, disaster
from jobs.site import Site

app = typer.Typer(no_args_is_help=True)

T = TypeVar("T")

USAGE = 2
MOST = 1000

Time = Annotated[
    str | None, typer.Option("--time", help="To a moment, with its offset: 2026-11-22T19:04:00+09:00.", metavar="T")
]
Lsn = Annotated[str | None, typer.Option("--lsn", help="To a position in the WAL, such as 0/16B3748.", metavar="L")]
Point = Annotated[str | None, typer.Option("--point", help="To a restore point.", metavar="NAME")]
BackupId = Annotated[str | None, typer.Option("--backup", help="To the end of a backup.", metavar="ID")]
Latest = Annotated[bool, typer.Option("--latest", help="To the last moment that the archive has.")]
Promote = Annotated[bool, typer.Option("--promote", help="Make it the live database by itself once it is verified.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Only say what it would do.")]
Cluster = Annotated[
    str | None, typer.Option("--system-identifier", help="Which database cluster, where the backups are of several.")
]
RunId = Annotated[str, typer.Argument(metavar="ID", help="The restore's id, as `yukyu restore list` prints it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def start(  # noqa: PLR0913, PLR0917 - options
    time: Time = None,
    lsn: Lsn = None,
    point: Point = None,
    backup: BackupId = None,
    latest: Latest = False,  # noqa: FBT002 - Typer's way
    promote: Promote = False,  # noqa: FBT002 - Typer's way
    reason: Reason = "Asked for on the command line.",
    plan: PlanOnly = False,  # noqa: FBT002 - Typer's way
    system_identifier: Cluster = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Restore to one target, beside the live database; it waits, verified, until it is promoted or discarded.

    With `--promote` it becomes the live one by itself. When nothing runs, and even when the data directory is gone,
    this works from the backup directory alone; `yukyu up` starts the result.

    Example: `yukyu restore start --time 2026-11-22T19:04:00+09:00`
    """
    target = _target(time, lsn, point, backup, latest=latest)

    async def work(site: Site) -> None:
        identifier = disaster.choose(site.installation, site.repository, system_identifier).system_identifier
        if plan:
            planned = _accepted(await restores.plan(site, target, system_identifier=identifier), as_json=as_json)
            restore_reports.print_plan(planned, as_json=as_json)
            return
        asked = await restores.trigger(
            site, target, promote=promote, reason=reason, by=who(), system_identifier=identifier
        )
        await _end(site, _accepted(asked, as_json=as_json), as_json=as_json)

    _run(data_dir, work, alone=True)


@app.command(name="list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """List the restores, newest first."""

    async def work(site: Site) -> None:
        found, _ = await restores.listing(site, first=MOST)
        restore_reports.print_runs(found, as_json=as_json)

    _run(data_dir, work)


@app.command()
def show(run_id: RunId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Show one restore: its steps, and its rows beside the live ones."""

    async def work(site: Site) -> None:
        restore_reports.print_run(await _known(site, run_id), as_json=as_json)

    _run(data_dir, work)


@app.command()
def promote(
    run_id: RunId,
    yes: Yes = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Make a restore that is READY the live database; the one that was live is kept for a rollback."""
    if not yes:
        typer.confirm("What was committed after the restore's target will be set aside. Go on?", abort=True, err=True)
    _run(data_dir, lambda site: _ask(site, restores.promote, run_id, as_json=as_json), alone=True)


@app.command()
def discard(run_id: RunId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Throw away a restore that is READY."""
    _run(data_dir, lambda site: _ask(site, restores.discard, run_id, as_json=as_json), alone=True)


@app.command()
def rollback(
    run_id: RunId,
    yes: Yes = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Undo a promotion, as long as nothing has been committed since."""
    if not yes:
        typer.confirm("The database that was live before becomes live again. Go on?", abort=True, err=True)
    _run(data_dir, lambda site: _ask(site, restores.roll_back, run_id, as_json=as_json), alone=True)


@app.command()
def drill(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Restore to the latest moment, verify it and throw it away: whether that works, and how long it takes."""

    async def work(site: Site) -> None:
        await _end(site, _accepted(await restores.drill(site, by=who()), as_json=as_json), as_json=as_json)

    _run(data_dir, work, alone=True)


def _target(time: str | None, lsn: str | None, point: str | None, backup: str | None, *, latest: bool) -> Target:
    given = [value for value in (time, lsn, point, backup) if value is not None]
    if len(given) + latest != 1:
        Console(stderr=True).print("Name one target: --time, --lsn, --point, --backup or --latest.", markup=False)
        raise typer.Exit(USAGE)
    if time is not None:
        return Target.time(_moment(time))
    if lsn is not None:
        return Target.lsn(lsn)
    if point is not None:
        return Target.point(point)
    return Target.backup(backup) if backup is not None else Target.latest()


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(
            f"{text} is not a time.", hint="Write it as 2026-11-22T19:04:00+09:00 or 2026-11-22T10:04:00Z."
        ) from None


def _run(data_dir: DataDir, work: Callable[[Site], Awaitable[T]], *, alone: bool = False) -> T:
    """Run with the site; `alone` keeps others out while nobody looks after the servers."""
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format, level=logging.ERROR)

    async def opened() -> T:
        async with _site(settings, alone=alone) as site:
            return await work(site)

    return asyncio.run(opened())


@asynccontextmanager
async def _site(settings: Settings, *, alone: bool) -> AsyncGenerator[Site]:
    from_backups_alone = alone and not sites.is_installed(settings) and sites.repository(settings).incarnations()
    installation = sites.new_installation(settings) if from_backups_alone else sites.installation(settings)
    async with sites.opened(settings, installation) as site:
        if not alone or holder(installation.layout) is not None:
            yield site
            return
        with held(installation.layout, supervising=False):
            yield site


async def _ask(
    site: Site,
    what: Callable[..., Awaitable[RestoreRun | Refusal]],
    run_id: str,
    *,
    as_json: bool,
) -> None:
    await _end(site, _accepted(await what(site, run_id, by=who()), as_json=as_json), as_json=as_json)


async def _end(site: Site, run: RestoreRun, *, as_json: bool) -> None:
    """Follow a restore until nothing is done for it, and show how it is then."""
    operation = await restores.operation_of(site, run.id)
    ended = await finish(site, operation, (*restores.KINDS, *backups.KINDS)) if operation else None
    found = await _known(site, run.id)
    restore_reports.print_run(found, as_json=as_json)
    failed = ended is not None and ended.state is not OperationState.SUCCEEDED
    if failed or found.state is RestoreState.FAILED:
        _complain((ended.error if ended else None) or found.error or "It failed.")
        raise typer.Exit(1)


async def _known(site: Site, run_id: str) -> RestoreRun:
    found = await restores.by_id(site, run_id)
    if found is None:
        raise BadInputError(f"There is no restore {run_id}.", hint="`yukyu restore list` shows them.")
    return found


Answer = TypeVar("Answer", RestoreRun, Plan)


def _accepted(answer: Answer | Refusal, *, as_json: bool) -> Answer:
    if not isinstance(answer, Refusal):
        return answer
    if as_json:
        print_json({"code": answer.code, "message": answer.message, "hint": answer.hint})
    _complain(" ".join(filter(None, (answer.message, answer.hint))))
    raise typer.Exit(1)


def _complain(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)
