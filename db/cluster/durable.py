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
    old = place.with_name(place.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    sync_directory(place.parent)
    shutil.rmtree(old, ignore_errors=True)
