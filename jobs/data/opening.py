"""Opens what a path names as a source: a file of the old application, or a directory of JSON Lines."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from jobs.data import dump
from jobs.data.legacy import source as sqlite_file
from jobs.data.sources import Source

# What opens a source when it is called.
Opened = Callable[[], AbstractContextManager[tuple[str, Source]]]


@contextmanager
def opened(path: Path) -> Generator[tuple[str, Source]]:
    """Give the kind of a source, and the source itself.

    Raises:
        NotReadableError: it is neither, or not whole.
    """
    if path.is_dir():
        with dump.opened(path) as directory:
            yield "dump", directory
    else:
        with sqlite_file.opened(path) as file:
            yield "sqlite", file
