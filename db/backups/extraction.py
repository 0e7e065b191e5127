"""Extracts one stored tar file, checking every stored byte of it on the way."""

import asyncio
import hashlib
import subprocess
import threading
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from db.backups import compression
from db.backups.errors import DamagedBackupError, NoSpaceError
from db.backups.sealing import does_not_open
from db.cluster import programs
from db.cluster.errors import ProgramError
from db.cluster.identity import Identity
from db.repository import BackupManifest, Incarnation, StoredFile, sealed
from db.repository.sealed import SealBrokenError

CHUNK_BYTES = 256 * 1024
NO_SPACE = "No space left on device"


async def extract(  # noqa: PLR0913 - the keywords say which is which
    incarnation: Incarnation,
    manifest: BackupManifest,
    expected: StoredFile,
    *,
    decompress: Sequence[str] | None,
    into: Path,
    user: Identity,
    on_bytes: Callable[[int], None],
) -> None:
    """Extract a tar file into a directory of the user's; cancelling leaves what is there so far.

    `on_bytes` is called, in another thread, with the size of each piece that was read.

    Raises:
        DamagedBackupError: the file is not the one that was stored.
        KeyMissingError, KeyRingError: it is encrypted, and its key is not to be had.
        NoSpaceError: the disk is full.
        ProgramError: tar failed for another reason.
    """
    backup_id = manifest.id
    pipeline = _Pipeline(decompress, into, user)
    working = asyncio.ensure_future(asyncio.to_thread(_feed, pipeline, incarnation, manifest, expected, on_bytes))
    try:
        found = await asyncio.shield(working)
    except FileNotFoundError:
        raise DamagedBackupError(backup_id, expected.name, "is missing") from None
    except OSError as failure:
        raise DamagedBackupError(backup_id, expected.name, f"cannot be read: {failure.strerror}") from failure
    except asyncio.CancelledError:
        pipeline.stop()
        with suppress(Exception):
            await working
        raise
    finally:
        pipeline.close()
    if found.sha256 != expected.sha256:
        raise DamagedBackupError(backup_id, expected.name, "does not have the content that was stored")
    if not found.opens:
        raise does_not_open(backup_id, expected.name)
    pipeline.check(into)


class _Pipeline:
    """Programs in a row, the last of which is tar: what is written to it is decompressed and extracted."""

    def __init__(self, decompress: Sequence[str] | None, into: Path, user: Identity) -> None:
        self.stopped = threading.Event()
        self._said: list[bytes] = []
        command = ["tar", "--extract", "--preserve-permissions", "--file", "-", "--directory", str(into)]
        tar = self._start(command, user)
        self._programs = [tar]
        self._listening = threading.Thread(target=self._listen, args=(tar.stderr,), daemon=True)
        self._listening.start()
        if decompress:
            self._programs.insert(0, self._start(decompress, user, tar.stdin))
            _opened(tar.stdin).close()
            self.write = _opened(self._programs[0].stdin).write
        else:
            self.write = compression.Gunzip(_opened(tar.stdin).write)

    def _start(
        self, command: Sequence[str], user: Identity, output: IO[bytes] | int | None = subprocess.DEVNULL
    ) -> "subprocess.Popen[bytes]":
        started, options = user.command(command)
        return subprocess.Popen(  # noqa: S603 - our own fixed programs
            started,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE if output is subprocess.DEVNULL else subprocess.DEVNULL,
            cwd="/",
            env=programs.environment(),
            start_new_session=True,
            **options,
        )

    def _listen(self, errors: IO[bytes]) -> None:
        for line in errors:
            self._said = [*self._said[-9:], line]

    def finish(self) -> None:
        """Let the programs come to their end."""
        with suppress(BrokenPipeError):
            _opened(self._programs[0].stdin).close()
        for program in self._programs:
            program.wait()
        self._listening.join()

    def stop(self) -> None:
        self.stopped.set()
        for program in self._programs:
            program.kill()

    def close(self) -> None:
        self.stop()
        for program in self._programs:
            for stream in (program.stdin, program.stderr):
                with suppress(BrokenPipeError):
                    if stream:
                        stream.close()
            program.wait()

    def check(self, into: Path) -> None:
        """Raise unless all programs came to a good end."""
        said = b"".join(self._said).decode(errors="replace")
        if NO_SPACE in said:
            raise NoSpaceError(f"The disk of {into} is full.", hint="Make room there, then try again.")
        for program in self._programs:
            if program.returncode != 0:
                raise ProgramError(Path(str(program.args[0])).name, program.returncode, said)  # pyright: ignore[reportIndexIssue, reportArgumentType] - a list, as given above


@dataclass(frozen=True)
class _Found:
    """What a stored file was: its checksum, and whether it could be decrypted."""

    sha256: str
    opens: bool


class _Read:
    """A file that is read to its end whatever becomes of it: its checksum says whether it is to blame."""

    def __init__(self, file: IO[bytes], on_bytes: Callable[[int], None], stopped: threading.Event) -> None:
        self._file, self._on_bytes, self._stopped = file, on_bytes, stopped
        self._digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = b"" if self._stopped.is_set() else self._file.read(size)
        self._digest.update(data)
        self._on_bytes(len(data))
        return data

    def sha256(self) -> str:
        while self.read(CHUNK_BYTES):
            pass
        return self._digest.hexdigest()


def _feed(
    pipeline: _Pipeline,
    incarnation: Incarnation,
    manifest: BackupManifest,
    expected: StoredFile,
    on_bytes: Callable[[int], None],
) -> _Found:
    """Send a file through the pipeline and return what it was; a broken pipeline does not stop the reading."""
    path = incarnation.backup(manifest.id) / expected.name
    flows = opens = True
    with path.open("rb") as file:
        read = _Read(file, on_bytes, pipeline.stopped)
        pieces = iter(lambda: read.read(CHUNK_BYTES), b"")
        if manifest.key is not None:
            pieces = sealed.opened(read, incarnation.ring(), incarnation.place_of(path))
        try:
            for data in pieces:
                if flows:
                    try:
                        pipeline.write(data)
                    except (OSError, zlib.error):  # whether the file is to blame, its checksum will say
                        flows = False
        except SealBrokenError:
            opens = False
        found = _Found(read.sha256(), opens)
    pipeline.finish()
    return found


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - it was asked for
    return stream
