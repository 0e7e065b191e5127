"""What disks do to files."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def flipped(path: Path, at: float) -> Generator[None]:
    """Flip one bit of a file, at a part of its length, for as long as the block runs."""
    position = int((path.stat().st_size - 1) * at)
    _flip(path, position)
    try:
        yield
    finally:
        _flip(path, position)


@contextmanager
def cut_short(path: Path) -> Generator[None]:
    """Take away the second half of a file for as long as the block runs."""
    whole = path.read_bytes()
    os.truncate(path, len(whole) // 2)
    try:
        yield
    finally:
        path.write_bytes(whole)


def _flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x10]))
