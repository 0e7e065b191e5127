"""Segments are kept as gzip files, which every machine can read and which know when they were damaged."""

import gzip
import os
import zlib
from pathlib import Path

# The quickest: WAL shrinks to much the same at every level.
LEVEL = 1
# A segment that was ended early is mostly zeros, which the highest level packs four times as small for little.
ZEROS_LEVEL = 9
SUFFIX = ".gz"

ZEROS = bytes(64 * 1024)

# What reading a damaged file raises.
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)


def written_bytes(content: bytes) -> int:
    """Return how many bytes there are before the zeros at the end; by blocks, which is quicker than one by one."""
    end = len(content)
    while end >= len(ZEROS) and content[end - len(ZEROS) : end] == ZEROS:
        end -= len(ZEROS)
    start = max(0, end - len(ZEROS))
    return start + len(content[start:end].rstrip(b"\0"))


def compress(content: bytes) -> bytes:
    head = content[: written_bytes(content)]
    # Two members in one file, which readers join.
    zeros = gzip.compress(bytes(len(content) - len(head)), ZEROS_LEVEL, mtime=0) if len(head) < len(content) else b""
    return gzip.compress(head, LEVEL, mtime=0) + zeros


def read(path: Path) -> bytes:
    """Return what is in a file, plain or compressed; never follows a link."""
    # Nor waits for somebody to write to what is no file.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read()
    return gzip.decompress(content) if path.suffix == SUFFIX else content
