"""`yukyu data import`, `import-excel`, `imports` and `rollback`."""

import asyncio
import dataclasses
import json
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from api.commands import databases
from api.commands.asking import who
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.printing import print_json
from api.commands.reports import print_import, print_imports, print_rollback
from api.commands.stores import store_if_any
from api.commands.working import read_key, run
from api.rings import ring_of
from api.settings import Settings
from db import transfer
from db.transfer import Undone, imports
from jobs.data import auditing, legacy, opening, rolling_back, sources, workbook
from jobs.data.auditing import audited
from jobs.data.legacy import ImportReport, Manner
from jobs.data.progress import Progress
from jobs.site import now

Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.db|DIR",
        help="SQLite file of the old application, or a directory that `yukyu data export` made; it is only read.",
    ),
]
Book = Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="Workbook (.xlsx, .xlsm); it is only read.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the old application's DATABASE_ENCRYPTION_KEY, if it encrypted personal fields.",
        exists=True,
        dir_okay=False,
    ),
]
Sheets = Annotated[
    list[str] | None,
    typer.Option("--sheet", help="Name of a sheet, as often as you like; all that the mapping knows by default."),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="YAML file of sheets and headings; docs/migration.md explains it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
Strict = Annotated[bool, typer.Option("--strict", help="Change nothing if a single row cannot be taken.")]
Rejects = Annotated[
    Path | None,
    typer.Option(
        "--rejects", help="New directory for rows that cannot be taken; by default beside you, named after the import."
    ),
]
ImportId = Annotated[str, typer.Argument(metavar="ID", help="The import's id; `yukyu data imports` lists them.")]
Last = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many at most.")]
MaybeId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Show this one in full.")]


def import_(  # noqa: PLR0913, PLR0917 - Typer's way
    source: Source,
    key_file: KeyFile = None,
    dry_run: DryRun = False,  # noqa: FBT002 - Typer's way
    strict: Strict = False,  # noqa: FBT002 - Typer's way
    rejects: Rejects = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Bring a database file of the old application, or an export, into this database; doing it again changes nothing.

    Rows that are new are added, rows that differ are changed, all others stay. A row that cannot be taken is named
    with its reason and written to a directory of rejects, to be mended there and imported like an export; the others
    are taken: the exit code is 1 then, 0 when all were. After a crash or Ctrl-C the database is as it was before.
    `yukyu data rollback ID` takes an import back.

    Example: `yukyu data import yukyu.db --dry-run`
    """
    settings = settings_with(data_dir=data_dir)
    manner = _manner(settings, read_key(key_file), rejects, source, dry_run=dry_run, strict=strict)
    report = run(lambda progress: _import(settings, partial(opening.opened, source), manner, source, progress))
    _tell(report, as_json=as_json)


def import_excel(  # noqa: PLR0913, PLR0917 - Typer's way
    file: Book,
    sheet: Sheets = None,
    mapping: MappingFile = None,
    dry_run: DryRun = False,  # noqa: FBT002 - Typer's way
    strict: Strict = False,  # noqa: FBT002 - Typer's way
    rejects: Rejects = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Bring sheets of the office's workbooks in: the employee ledger (DBGenzaiX, DBUkeoiX, DBStaffX) and 有給休暇管理.

    Which sheet becomes which table, and which heading which column, is in one YAML file. Rows are treated, reported
    and rolled back as by `yukyu data import`. Hidden sheets and rows are read too; of formulas, the stored results.

    Example: `yukyu data import-excel 社員台帳.xlsm --sheet DBGenzaiX --sheet DBUkeoiX`
    """
    settings = settings_with(data_dir=data_dir)
    manner = _manner(settings, None, rejects, file, dry_run=dry_run, strict=strict)
    chosen = workbook.load(mapping) if mapping else workbook.load()

    @contextmanager
    def opened() -> Generator[tuple[str, sources.Source]]:
        with workbook.opened(file, chosen, sheet or ()) as found:
            yield "workbook", found

    report = run(lambda progress: _import(settings, opened, manner, file, progress))
    _tell(report, as_json=as_json)


def imports_(
    id_: MaybeId = None,
    last: Last = 20,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """List the imports, newest first, or show the report of one.

    Example: `yukyu data imports`
    """
    url = databases.find(settings_with(data_dir=data_dir)).primary_url

    async def read() -> list[transfer.Import]:
        async with transfer.reading(url) as connection:
            if id_ is None:
                return await imports.newest(connection, last)
            return [await rolling_back.known(connection, id_)]

    found = asyncio.run(read())
    if as_json:
        print_json(found if id_ is None else found[0])
    else:
        print_imports(found, full=id_ is not None)


def rollback(id_: ImportId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Put back exactly what an import changed: rows it added go, rows it changed become what they were.

    It is refused where changes that were made later would be lost, and names them. The newest 10 imports of the last 30
    days can be rolled back; each of them once.

    Example: `yukyu data rollback 20261128T093000Z-1f3a`
    """
    settings = settings_with(data_dir=data_dir)
    url = databases.find(settings).primary_url

    async def work(_progress: Progress) -> dict[str, Undone]:
        async with store_if_any(settings) as control, audited(control, auditing.ROLLBACK, id_, who=who()) as outcome:
            undone = await rolling_back.roll_back(url, id_, by=who(), now=now())
            outcome.details["tables"] = {name: dataclasses.asdict(each) for name, each in undone.items()}
            return undone

    undone = run(work)
    if as_json:
        print_json({"id": id_, "tables": undone})
    else:
        print_rollback(id_, undone)


def _manner(  # noqa: PLR0913 - what the commands say
    settings: Settings, key: str | None, rejects: Path | None, source: Path, *, dry_run: bool, strict: bool
) -> Manner:
    id_ = legacy.identifier(now())
    where = rejects or Path(f"{source.resolve().name}.rejects-{id_}")
    return Manner(key=key, ring=ring_of(settings), dry_run=dry_run, strict=strict, rejects=where, by=who(), id=id_)


async def _import(
    settings: Settings, opened: opening.Opened, manner: Manner, source: Path, progress: Progress
) -> ImportReport:
    url = databases.find(settings).primary_url
    with opened() as (kind, found):
        if manner.dry_run:
            return await legacy.import_source(url, found, kind, manner, on_progress=progress)
        details = {"source": source.name, "kind": kind}
        async with (
            store_if_any(settings) as control,
            audited(control, auditing.IMPORT, manner.id or "", who=who(), details=details) as outcome,
        ):
            report = await legacy.import_source(url, found, kind, manner, on_progress=progress)
            outcome.refused = report.refused
            outcome.details.update(written=report.written, rejected=report.rejected)
            return report


def _tell(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"rejected": report.rejected, **dataclasses.asdict(report)}, ensure_ascii=False))
    else:
        print_import(report)
    if report.rejected:
        raise typer.Exit(1)
