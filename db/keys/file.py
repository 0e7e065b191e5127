"""The key ring's file: its owner's alone, written whole, and read again when it has changed."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from db.cluster.durable import sync_directory
from db.keys.errors import KeyRingError
from db.keys.ring import KeyRing

LARGEST_BYTES = 256 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_State = tuple[int, int, int, int]


class KeyFile:
    """The key ring in a file. Whoever asks often gets what is in it now: a rotation needs no restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[_State, KeyRing] | None = None

    def __repr__(self) -> str:
        return f"KeyFile({self.path})"

    def ring(self) -> KeyRing:
        """Return the ring; looks at the file's state, and reads it when that has changed.

        Raises:
            KeyRingError: the file is not there, is open to others, or is no key ring.
        """
        try:
            state = _state(self.path.stat())
            if self._read is None or self._read[0] != state:
                self._read = self._opened()
        except OSError as error:
            raise KeyRingError(
                f"The key ring {self.path}, which YUKYU_KEYS_FILE names, cannot be read: {error.strerror}.",
                hint="`yukyu keys new` makes one. Where there was one, put it back: without it, nothing that is "
                "encrypted can be read.",
            ) from None
        return self._read[1]

    def write(self, ring: KeyRing, *, new: bool = False) -> None:
        """Put the ring in the file, whole or not at all.

        Raises:
            KeyRingError: it cannot be written.
        """
        unfinished = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(ring.as_text())
                file.flush()
                os.fsync(file.fileno())
            if new:  # two that make one at once must not both believe that theirs is the ring
                os.link(unfinished, self.path)
                unfinished.unlink()
            else:
                owner = self.path.stat()
                if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                    os.chown(unfinished, owner.st_uid, owner.st_gid)
                unfinished.rename(self.path)
            sync_directory(self.path.parent)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise KeyRingError(f"The key ring {self.path} cannot be written: {error.strerror}.") from None

    def _opened(self) -> tuple[_State, KeyRing]:
        with self.path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise KeyRingError(f"The key ring {self.path} is no file.")
            if found.st_mode & _OTHERS:
                raise KeyRingError(
                    f"The key ring {self.path} is open to others than its owner.", hint=f"chmod 600 {self.path}"
                )
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise KeyRingError(f"The key ring {self.path} is larger than {LARGEST_BYTES:,} bytes.")
        return _state(found), KeyRing.parse(content.decode("utf-8", "replace"), name=str(self.path))


def _state(found: os.stat_result) -> _State:
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode
