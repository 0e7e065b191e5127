"""Where everything is that one installation owns: one directory, and nothing outside it."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from db.cluster.identity import Identity

# Others may pass through a directory that PostgreSQL's user must get to the bottom of, but not look around in it.
PASSAGE, PRIVATE = 0o711, 0o700

OWN_SETTINGS = "# PostgreSQL settings of your own, for every server here. They win over ours from the next start on.\n"


@dataclass(frozen=True)
class Layout:
    root: Path

    @classmethod
    def of(cls, directory: Path) -> "Layout":
        return cls(directory.expanduser().resolve())

    @property
    def clusters(self) -> Path:
        """The data directories, one a server, and the replicas' password files."""
        return self.root / "clusters"

    @property
    def state(self) -> Path:
        """The desired state, and what each server is observed to be."""
        return self.root / "state"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def binaries(self) -> Path:
        """Copies of PostgreSQL's programs, where the originals cannot be reached."""
        return self.root / "binaries"

    @property
    def passwords(self) -> Path:
        return self.root / "passwords.json"

    @property
    def lock(self) -> Path:
        return self.root / "yukyu.lock"

    @property
    def pid(self) -> Path:
        """Who holds the lock."""
        return self.root / "yukyu.pid"

    def server_lock(self, server: str) -> Path:
        return self.root / f"{server}.lock"

    def server_pid(self, server: str) -> Path:
        """Who holds the lock of one server alone."""
        return self.root / f"{server}.pid"

    @property
    def own_settings(self) -> Path:
        """Settings of the people who run it, read after ours by every server."""
        return self.root / "postgresql.local.conf"

    def data_directory(self, name: str) -> Path:
        return self.clusters / name

    def server_log(self, server: str) -> Path:
        return self.logs / server

    def passfile(self, server: str) -> Path:
        return self.clusters / f"{server}.pgpass"

    def follows(self, server: str) -> Path:
        """Which data directory of a primary the replica's own is a copy of."""
        return self.clusters / f"{server}.follows"

    def create(self) -> None:
        # Whoever is not root runs PostgreSQL as themselves, and has nobody to let pass.
        for directory in (self.root, self.clusters, self.logs, self.binaries):
            make_directory(directory, PASSAGE if os.geteuid() == 0 else PRIVATE)
        make_directory(self.state, PRIVATE)
        if not self.own_settings.exists():
            self.own_settings.write_text(OWN_SETTINGS, encoding="utf-8")
            self.own_settings.chmod(0o644)

    def create_server_log(self, server: str, owner: Identity) -> Path:
        directory = self.server_log(server)
        make_directory(directory, PRIVATE)
        owner.own(directory)
        return directory


def make_directory(directory: Path, mode: int) -> None:
    """Create a directory with `mode`; open one that is there already at least as far."""
    with suppress(FileExistsError):
        directory.mkdir(parents=True)
        directory.chmod(mode)
    present = directory.stat().st_mode & 0o777
    if present | mode != present and directory.stat().st_uid == os.geteuid():
        directory.chmod(present | mode)
