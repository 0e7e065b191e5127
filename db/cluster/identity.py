"""Which user PostgreSQL's processes run as: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from db.cluster.errors import UnreachableError

PREFERRED = ("yukyu", "postgres", "nobody")


class ProcessOptions(TypedDict, total=False):
    """What `subprocess.Popen` needs to start a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Identity:
    """A user of this machine; `switched` when it is not the one this process runs as."""

    name: str
    uid: int
    gid: int
    switched: bool

    @classmethod
    def choose(cls, clusters: Path) -> "Identity":
        """Return the owner of the data directories that are there already, else the preferred user, else oneself."""
        if os.geteuid() != 0:
            return cls._of(_entry(os.geteuid()), switched=False)
        owners = {directory.stat().st_uid for directory in clusters.glob("*/") if directory.is_dir()} - {0}
        if len(owners) == 1:
            return cls._of(_entry(owners.pop()), switched=True)
        for name in PREFERRED:
            try:
                return cls._of(pwd.getpwnam(name), switched=True)
            except KeyError:
                continue
        raise UnreachableError(
            "PostgreSQL refuses to run as root, and this machine has none of the users " + ", ".join(PREFERRED) + ".",
            hint="Create one: useradd --system yukyu",
        )

    @classmethod
    def _of(cls, entry: pwd.struct_passwd, *, switched: bool) -> "Identity":
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, switched)

    @property
    def process_options(self) -> ProcessOptions:
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def command(self, command: Sequence[str | Path]) -> tuple[list[str | Path], ProcessOptions]:
        """Return what runs a command as this user: what to start, and how `subprocess.Popen` is to start it.

        Python copies the page tables of all its memory to start a program as another user by itself, for tens of
        milliseconds in which nothing else is done. So `setpriv` becomes the other user, where there is one.
        """
        becoming = _setpriv(self.uid, self.gid) if self.switched else None
        return ([*command], self.process_options) if becoming is None else ([*becoming, *command], {})

    def own(self, path: Path) -> None:
        if self.switched:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, directory: Path) -> bool:
        return self._succeeds("/bin/sh", "-c", 'cd "$1"', "sh", str(directory))

    def can_write(self, directory: Path) -> bool:
        return self._succeeds("/bin/sh", "-c", 'test -w "$1"', "sh", str(directory))

    def can_run(self, program: Path) -> bool:
        return self._succeeds(str(program), "--version")

    def require_entry(self, directory: Path) -> None:
        """Raise unless the user can enter the directory, naming the parent that is closed."""
        if self.can_enter(directory):
            return
        closed = next(parent for parent in (*reversed(directory.parents), directory) if not self.can_enter(parent))
        raise UnreachableError(
            f"PostgreSQL runs as the user {self.name} here, who cannot enter {closed}, so it cannot keep its data "
            f"in {directory}.",
            hint=f"Choose another directory, such as /var/lib/yukyu, or open this one: chmod o+x {closed}",
        )

    def _succeeds(self, *command: str) -> bool:
        # Not by setpriv: that finds a program with root's rights still.
        try:
            done = subprocess.run(  # noqa: S603 - fixed programs, and paths that are arguments
                command, cwd="/", capture_output=True, check=False, **self.process_options
            )
        except OSError:
            return False
        return done.returncode == 0


@cache
def _setpriv(uid: int, gid: int) -> tuple[str, ...] | None:
    """Return the words before a command that runs as another user, where they do what they should; BusyBox's do not."""
    program = shutil.which("setpriv")
    if program is None:
        return None
    words = (program, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--")
    said = subprocess.run(  # noqa: S603 - a program of the system's, and numbers
        [*words, "id", "-G"], cwd="/", capture_output=True, check=False
    )
    return words if said.returncode == 0 and said.stdout.split() == [str(gid).encode()] else None


def _entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise UnreachableError(
            f"The user with the number {uid} has no name on this machine, and PostgreSQL runs as none without.",
            hint=f"Give it one: useradd --uid {uid} yukyu",
        ) from None
