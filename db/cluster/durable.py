"""Writing small files so that after a crash there is the old one or the new one, whole."""

import os
import shutil
from pathlib import Path


def write(path: Path, content: str, *, mode: int = 0o600) -> None:
    """Replace a file's content: temp, fsync, rename, fsync of the directory."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def swap_directory(new: Path, place: Path) -> None:
    """Put `new` where `place` is; what was there is gone afterwards. Safe to repeat after a crash."""
    remove_replaced(place)
    if place.exists():
        place.rename(_replaced(place))
    new.rename(place)
    sync_directory(place.parent)
    remove_replaced(place)


def remove_replaced(place: Path) -> None:
    shutil.rmtree(_replaced(place), ignore_errors=True)


def unfinished(place: Path) -> Path:
    """Return where a directory is built before it takes its place."""
    return place.with_name(place.name + ".new")


def _replaced(place: Path) -> Path:
    return place.with_name(place.name + ".old")
