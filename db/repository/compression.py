"""Segments are kept as gzip files, which every machine can read and which know when they were damaged."""

import gzip
import os
import zlib
from pathlib import Path

# The quickest: WAL shrinks to much the same at every level.
LEVEL = 1
SUFFIX = ".gz"
# Of a file that is being written.
UNFINISHED = ".new"

# What reading a damaged file raises.
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)

ZEROS = bytes(64 * 1024)
# A segment that was ended early is mostly zeros. They are compressed once, as well as can be, for all segments: a gzip
# file may have many members, which readers join.
MEMBER_BYTES = 1024 * 1024
MEMBER = gzip.compress(bytes(MEMBER_BYTES), 9, mtime=0)


def written_bytes(content: bytes) -> int:
    """Return how many bytes there are before the zeros at the end; by blocks, which is quicker than one by one."""
    end = len(content)
    while end >= len(ZEROS) and content[end - len(ZEROS) : end] == ZEROS:
        end -= len(ZEROS)
    start = max(0, end - len(ZEROS))
    return start + len(content[start:end].rstrip(b"\0"))


def compress(content: bytes) -> bytes:
    members = (len(content) - written_bytes(content)) // MEMBER_BYTES
    head = content[: len(content) - members * MEMBER_BYTES]
    return gzip.compress(head, LEVEL, mtime=0) + MEMBER * members


def read(path: Path) -> bytes:
    """Return what is in a file, plain or compressed; never follows a link."""
    return unpack(path, raw(path))


def raw(path: Path) -> bytes:
    """Return a file's bytes as they are."""
    # Nor waits for somebody to write to what is no file.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def unpack(path: Path, content: bytes) -> bytes:
    """Return what the bytes of a file mean, which its name says."""
    if path.suffix != SUFFIX:
        return content
    end = len(content)
    while content.endswith(MEMBER, 0, end):
        end -= len(MEMBER)
    members = (len(content) - end) // len(MEMBER)
    return gzip.decompress(content[:end]) + bytes(members * MEMBER_BYTES)
