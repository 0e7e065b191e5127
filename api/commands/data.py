"""`yukyu data`: a sample to try things with, and rows moved in, out and back."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.commands import databases, importing
from api.commands.asking import who
from api.commands.importing import KeyFile, Source
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.reports import print_export, print_sample, print_verification
from api.commands.stores import store_if_any
from api.commands.working import read_key, run
from api.rings import ring_of
from jobs.data import auditing, dump, opening, sample, verifying
from jobs.data.auditing import audited
from jobs.data.progress import Progress
from jobs.data.verifying import Verification
from jobs.site import now

app = typer.Typer(no_args_is_help=True)

Rows = Annotated[
    int, typer.Argument(metavar="N", min=1, max=sample.MOST_ROWS, help="Rows in each of the four employee tables.")
]
Seed = Annotated[int, typer.Option(help="Another number makes other people; the same one, the same people.")]
Replace = Annotated[bool, typer.Option("--replace", help="Delete all rows of the six tables first.")]
NewDirectory = Annotated[Path, typer.Argument(metavar="DIR", help="A directory that is new or empty.")]


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
    loaded = run(lambda progress: sample.load(url, rows, seed=seed, replace=replace, ring=ring, on_progress=progress))
    if as_json:
        typer.echo(json.dumps({"seed": seed, "tables": loaded}))
    else:
        print_sample(loaded)


app.command(name="import")(importing.import_)
app.command(name="import-excel")(importing.import_excel)
app.command(name="imports")(importing.imports_)
app.command(name="rollback")(importing.rollback)


@app.command()
def export(directory: NewDirectory, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Write the six tables as they are at one moment: JSON Lines, and a manifest with counts and SHA-256 of each file.

    The files hold personal data **in plain**, also where the database keeps it encrypted; they are readable by you
    alone. The manifest is written last: a directory without one is not whole. `yukyu data import DIR` brings it back.

    Example: `yukyu data export /srv/yukyu-2026-11-28`
    """
    settings = settings_with(data_dir=data_dir)
    ring, url = ring_of(settings), databases.find(settings).primary_url

    async def work(progress: Progress) -> dump.Manifest:
        async with (
            store_if_any(settings) as control,
            audited(control, auditing.EXPORT, directory.name, who=who()) as outcome,
        ):
            manifest = await dump.export(url, directory, now=now(), ring=ring, on_progress=progress)
            outcome.details["rows"] = {name: part.rows for name, part in manifest.tables.items()}
            return manifest

    manifest = run(work, stopped=f"{directory} is not whole")
    if as_json:
        typer.echo(manifest.model_dump_json(exclude_none=True))
    else:
        print_export(manifest, directory)


@app.command()
def verify(
    source: Source,
    key_file: KeyFile = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Compare a file of the old application, or an export, with the database: counts, and a checksum of every row.

    Both sides are read by the rules of the import, so that `2025/4/1` and 2025-04-01 are one. The first differences
    are named, without personal values. Exit code 0 when there is none, 1 when there are.

    Example: `yukyu data verify yukyu.db`
    """
    settings, key = settings_with(data_dir=data_dir), read_key(key_file)
    ring, url = ring_of(settings), databases.find(settings).primary_url

    async def work(progress: Progress) -> Verification:
        with opening.opened(source) as (_, opened):
            return await verifying.verify(url, opened, key=key, ring=ring, on_progress=progress)

    found = run(work)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        print_verification(found)
    if not found.alike:
        raise typer.Exit(1)
