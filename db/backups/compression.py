"""How the files of a backup are compressed: zstd where the server and this machine have it, else gzip."""

import shutil
import zlib
from collections.abc import Callable
from enum import StrEnum

import asyncpg

from db.backups.errors import UnsuitableBackupError

# The levels were measured: of a whole database higher ones cost more time than they save space. An incremental backup
# is little, and spread all over: a higher level makes it a seventh smaller.
GZIP, GZIP_INCREMENTAL = "client-gzip:level=1", "client-gzip:level=5"
ZSTD = "server-zstd:level=1"

# Servers that have zstd can compress full pages in the WAL with it, and say so here.
SERVER_HAS_ZSTD = "SELECT 'zstd' = ANY (enumvals) FROM pg_settings WHERE name = 'wal_compression'"

OUTPUT_BYTES = 1024 * 1024


class Compression(StrEnum):
    GZIP = "gzip"
    ZSTD = "zstd"

    def option(self, *, incremental: bool) -> str:
        """Return what pg_basebackup is told."""
        if self is Compression.ZSTD:
            return ZSTD
        return GZIP_INCREMENTAL if incremental else GZIP

    @property
    def suffix(self) -> str:
        return ".gz" if self is Compression.GZIP else ".zst"


async def choose(connection: asyncpg.Connection) -> Compression:
    """Return what the server can compress with and this machine can decompress."""
    has = await connection.fetchval(SERVER_HAS_ZSTD)
    return Compression.ZSTD if has and shutil.which("zstd") else Compression.GZIP


def program(compression: str) -> list[str] | None:
    """Return the program that decompresses from its input to its output; None where Python does it itself.

    Raises:
        UnsuitableBackupError: it is not installed.
    """
    if compression == Compression.GZIP:
        return None
    if compression != Compression.ZSTD:
        raise UnsuitableBackupError(f"Backups compressed by {compression!r} are not known here.")
    path = shutil.which("zstd")
    if path is None:
        raise UnsuitableBackupError(
            "The backup is compressed with zstd, and the program zstd is not installed here.",
            hint="Install it: apt-get install zstd, dnf install zstd or brew install zstd.",
        )
    return [path, "--decompress", "--stdout", "--quiet"]


class Gunzip:
    """Decompresses in pieces of bounded size, however well the data was compressed."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._decompressor = zlib.decompressobj(wbits=31)
        self._write = write

    def __call__(self, data: bytes) -> None:
        while data:
            self._write(self._decompressor.decompress(data, OUTPUT_BYTES))
            data = self._decompressor.unconsumed_tail
