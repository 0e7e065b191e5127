"""Does the work of `yukyu data`: with a bar a table, and nothing kept when it is stopped."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console

from api.commands.bars import bars
from db.errors import BadInputError
from jobs.data.progress import Progress

T = TypeVar("T")

INTERRUPTED = 130


def run(work: Callable[[Progress], Coroutine[Any, Any, T]], *, stopped: str = "the database is as it was before") -> T:
    """Run the work with a bar for each table; Ctrl-C ends it before anything is kept."""
    console = Console(stderr=True, highlight=False)
    with _interruptible(console, stopped), bars(console) as progress:
        return asyncio.run(work(progress))


def read_key(file: Path | None) -> str | None:
    """Return the old application's key.

    Raises:
        BadInputError: the file cannot be read.
    """
    if file is None:
        return None
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"The key file {file} cannot be read. Nothing was imported.") from error


@contextmanager
def _interruptible(console: Console, stopped: str) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"Stopped; {stopped}.")
        raise typer.Exit(INTERRUPTED) from None
