"""`yukyu keys`: the keys that personal columns, backups and WAL are encrypted with."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from api import logs, rings
from api.commands import databases, key_reports, sites
from api.commands.asking import who
from api.commands.bars import bars
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.printing import print_json
from api.commands.stores import store_if_any
from api.settings import Settings
from db.control import Control, audit
from db.keys import KeyRing, KeyRingError, new_key
from jobs.keys import rotating, standing

app = typer.Typer(no_args_is_help=True)

T = TypeVar("T")

NewId = Annotated[str | None, typer.Option("--id", help="What to call it; the day and four digits when not given.")]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `yukyu keys list` shows it.")]
Decrypt = Annotated[bool, typer.Option("--decrypt", help="Make all personal values plain instead.")]


@app.command()
def new(key_id: NewId = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Add a new key to the file that YUKYU_KEYS_FILE names, as the current one; make the file if there is none.

    What is written from now on is encrypted with it, backups and WAL too. `yukyu keys rotate` brings the values that
    are there under it; backups stay under the key they were taken with. Keep a copy of the file where neither the
    database nor the backups are: without it what is encrypted is lost, and no backup can be restored.

    Example: `YUKYU_KEYS_FILE=/etc/yukyu/keys.json yukyu keys new`
    """
    settings = settings_with(data_dir=data_dir)
    file = rings.required(settings)
    key = new_key(key_id, now=datetime.now(UTC))
    if first := not file.path.exists():
        ring = KeyRing({key.id: key}, key.id)
    else:
        before = file.ring()
        if key.id in before:
            raise KeyRingError(f"The key ring has a key {key.id} already.")
        ring = before.with_current(key)
    file.write(ring, new=first)
    _note(settings, "new-key", key.id)
    if as_json:
        print_json({"id": key.id, "created": key.created, "file": str(file.path)})
    else:
        typer.echo(f"{key.id} is the current key now. Copy {file.path} to a safe place, then: yukyu keys rotate")


@app.command(name="list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """List the keys of the ring by their ids, never the keys themselves.

    Example: `yukyu keys list --json`
    """
    ring = rings.required(settings_with(data_dir=data_dir)).ring()
    found = [{"id": key.id, "created": key.created, "current": key.id == ring.current.id} for key in ring]
    if as_json:
        print_json(found)
    else:
        key_reports.print_keys(ring)


@app.command()
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Say what is encrypted with which key, and what is not; exit 1 when something needs a key that is missing.

    Example: `yukyu keys status`
    """
    settings = settings_with(data_dir=data_dir)
    ring, url = rings.ring_of(settings), databases.find(settings).primary_url
    found = asyncio.run(standing.of(url, ring, sites.repository(settings)))
    if as_json:
        print_json(asdict(found))
    else:
        key_reports.print_standing(found)
    if found.missing:
        raise typer.Exit(1)


@app.command()
def rotate(
    decrypt: Decrypt = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Encrypt all personal values with the current key, plain ones too, while everybody goes on working.

    It may be stopped or killed at any time: the same command goes on from there. Exit 1 when something remains.

    Example: `yukyu keys new && yukyu keys rotate`
    """
    settings = settings_with(data_dir=data_dir)
    ring, url = rings.required(settings).ring(), databases.find(settings).primary_url

    async def work(control: Control | None) -> rotating.Rotation:
        with bars(Console(stderr=True, highlight=False)) as progress:
            return await rotating.rotate(
                url, ring, control=control, by=who(), now=datetime.now(UTC), decrypt=decrypt, on_progress=progress
            )

    done = _with_store(settings, work)
    if as_json:
        print_json(asdict(done))
    else:
        key_reports.print_rotation(done)
    if done.remaining:
        raise typer.Exit(1)


@app.command()
def remove(key_id: KeyId, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Take a key out of the ring that nothing needs any more; refused while something does.

    Example: `yukyu keys remove 20261128-3f1a`
    """
    settings = settings_with(data_dir=data_dir)
    file = rings.required(settings)
    ring, url = file.ring(), databases.find(settings).primary_url
    sites.require_repository(settings)
    standing.require_unneeded(asyncio.run(standing.of(url, ring, sites.repository(settings))), ring, key_id)
    file.write(ring.without(key_id))
    _note(settings, "remove-key", key_id)
    if as_json:
        print_json({"removed": key_id})
    else:
        typer.echo(f"{key_id} is removed from {file.path}.")


def _note(settings: Settings, action: str, key_id: str) -> None:
    async def work(control: Control | None) -> None:
        if control is not None:
            async with control.transaction() as session:
                await audit.record(session, who=who(), action=action, subject=key_id, result=audit.SUCCEEDED)

    _with_store(settings, work)


def _with_store(settings: Settings, work: Callable[[Control | None], Awaitable[T]]) -> T:
    """Do the work with the control store, which has the audit log; None where there is no installation."""
    logs.configure(settings.log_format, level=logging.ERROR)

    async def opened() -> T:
        async with store_if_any(settings) as control:
            return await work(control)

    return asyncio.run(opened())
