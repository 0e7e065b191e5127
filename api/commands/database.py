"""`yukyu db`: the database's schema revision and address."""

import asyncio
from typing import Annotated

import typer

from api.commands import databases
from api.commands.options import DataDir, settings_with
from db import migrations
from db.errors import AppError

app = typer.Typer(no_args_is_help=True)


class NoReplicaError(AppError):
    """There is one server only."""


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to upgrade to.")] = "head", data_dir: DataDir = None
) -> None:
    """Bring the database to the newest revision, or to the one given."""
    url = databases.find(settings_with(data_dir=data_dir)).primary_url
    asyncio.run(migrations.upgrade(url, revision))
    typer.echo(asyncio.run(migrations.current(url)))


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="Revision to go back to.")], data_dir: DataDir = None
) -> None:
    """Take the database back to an older revision; what newer ones added is dropped."""
    url = databases.find(settings_with(data_dir=data_dir)).primary_url
    asyncio.run(migrations.downgrade(url, revision))
    typer.echo(asyncio.run(migrations.current(url)) or "base")


@app.command()
def current(data_dir: DataDir = None) -> None:
    """Print the revision the database is at, and the newest one."""
    url = databases.find(settings_with(data_dir=data_dir)).primary_url
    revision, newest = asyncio.run(migrations.current(url)), migrations.head(url)
    typer.echo(f"{revision or 'base'}{' (newest)' if revision == newest else f' (newest is {newest})'}")


@app.command()
def url(
    replica: Annotated[bool, typer.Option("--replica", help="The replica's address instead.")] = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Print the database's address with its password, and nothing else.

    Example: `psql "$(yukyu db url)"`
    """
    found = databases.find(settings_with(data_dir=data_dir))
    if not replica:
        typer.echo(found.primary_url)
        return
    if not found.replica_urls:
        raise NoReplicaError(
            "There is no replica.", hint="Start one with `yukyu up`, or name it in YUKYU_REPLICA_URLS."
        )
    typer.echo(found.replica_urls[0])
