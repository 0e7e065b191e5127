"""`yukyu data`: a sample to try things with, and what the old application left."""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from api.commands import databases
from api.commands.bars import bars
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.reports import print_import, print_sample
from api.commands.rings import ring_of
from db.errors import BadInputError
from jobs.data import legacy, sample
from jobs.data.progress import Progress

app = typer.Typer(help="Sample data, and data of the old application.", no_args_is_help=True)

T = TypeVar("T")

INTERRUPTED = 130

Rows = Annotated[
    int, typer.Argument(metavar="N", min=1, max=sample.MOST_ROWS, help="Rows in each of the four employee tables.")
]
Seed = Annotated[int, typer.Option(help="Another number makes other people; the same one, the same people.")]
Replace = Annotated[bool, typer.Option("--replace", help="Delete all rows of the six tables first.")]
File = Annotated[Path, typer.Argument(metavar="FILE.db", help="SQLite file of the old application; it is only read.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the old application's DATABASE_ENCRYPTION_KEY, if it encrypted personal fields.",
        exists=True,
        dir_okay=False,
    ),
]


@app.command(name="sample")
def sample_(
    rows: Rows,
    seed: Seed = sample.DEFAULT_SEED,
    replace: Replace = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Fill an empty database with people who do not exist: N rows a table, and the leave they took.

    The same N and seed make the same rows on any day and machine. The books are closed at the end of 2025. A database
    that holds rows is left alone unless `--replace` is given. All or nothing: Ctrl-C leaves it as it was.

    Example: `yukyu data sample 20000`
    """
    settings = settings_with(data_dir=data_dir)
    ring, url = ring_of(settings), databases.find(settings).primary_url
    loaded = _run(lambda progress: sample.load(url, rows, seed=seed, replace=replace, ring=ring, on_progress=progress))
    if as_json:
        typer.echo(json.dumps({"seed": seed, "tables": loaded}))
    else:
        print_sample(loaded)


@app.command(name="import")
def import_(
    file: File,
    key_file: KeyFile = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Bring a database file of the old application into this one; doing it again changes nothing.

    Rows that are new are added, rows that differ are changed, all others stay. A row that cannot be taken is named
    with its reason and the others are taken: the exit code is 1 then, 0 when all were. After a crash or
    Ctrl-C the database is as it was before.

    Example: `yukyu data import yukyu.db`
    """
    settings = settings_with(data_dir=data_dir)
    ring, url = ring_of(settings), databases.find(settings).primary_url
    key = _read_key(key_file) if key_file else None
    report = _run(lambda progress: legacy.import_file(url, file, key=key, ring=ring, on_progress=progress))
    if as_json:
        typer.echo(json.dumps({"rejected": report.rejected, **dataclasses.asdict(report)}, ensure_ascii=False))
    else:
        print_import(report)
    if report.rejected:
        raise typer.Exit(1)


def _read_key(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"The key file {file} cannot be read. Nothing was imported.") from error


def _run(work: Callable[[Progress], Coroutine[Any, Any, T]]) -> T:
    """Run the work with a bar for each table; Ctrl-C ends it before anything is kept."""
    console = Console(stderr=True, highlight=False)
    with _interruptible(console), bars(console) as progress:
        return asyncio.run(work(progress))


@contextmanager
def _interruptible(console: Console) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        console.print("Stopped; the database is as it was before.")
        raise typer.Exit(INTERRUPTED) from None
