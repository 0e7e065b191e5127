"""pgBackRest on a server of ours."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from db.cluster import durable, programs
from db.cluster.desired import ServerSpec
from db.cluster.layout import PRIVATE, make_directory
from jobs.site import Site

STANZA = "bench"


def missing(pg_bin: Path) -> str | None:
    """Return what has to be installed; None when all is there."""
    if shutil.which("pgbackrest") is None:
        return "pgBackRest is not installed: apt-get install pgbackrest"
    if not (pg_bin / "postgres").is_file():
        return f"There is no PostgreSQL in {pg_bin}: apt-get install postgresql-15, or name another with --pg-bin"
    return None


@dataclass
class PgBackRest:
    """One repository with its own options; every backup in it is a full one and takes the last one's place."""

    name: str
    site: Site
    root: Path
    options: dict[str, str]

    @classmethod
    def make(cls, site: Site, primary: ServerSpec, name: str, options: dict[str, str]) -> "PgBackRest":
        root = site.installation.layout.root / "".join(filter(str.isalnum, name))
        settings = {
            "pg1-path": str(site.installation.data_directory(primary)),
            "pg1-port": str(primary.port),
            "pg1-socket-path": "/tmp",  # noqa: S108 - where the server has its socket
            "pg1-user": "postgres",
            "repo1-path": str(root / "repository"),
            "repo1-retention-full": "1",
            "lock-path": str(root),
            "spool-path": str(root),
            "log-path": str(root),
            "log-level-file": "off",
            "log-level-console": "warn",
            "start-fast": "y",
            # Our own archive has the WAL.
            "archive-check": "n",
        }
        return cls(name, site, root, settings | options)

    async def create(self) -> None:
        """Make the repository, unless it is there from the last time."""
        present = (self.root / "repository").exists()
        make_directory(self.root, PRIVATE)
        self.site.installation.user.own(self.root)
        lines = [f"{name}={value}" for name, value in self.options.items() if not name.startswith("pg1-")]
        stanza = [f"{name}={value}" for name, value in self.options.items() if name.startswith("pg1-")]
        durable.write(self._config, "\n".join(["[global]", *lines, f"[{STANZA}]", *stanza, ""]))
        self.site.installation.user.own(self._config)
        if not present:
            await self._run("stanza-create")

    async def back_up(self) -> None:
        await self._run("backup", "--type=full")

    async def restore(self, place: Path) -> None:
        make_directory(place, PRIVATE)
        self.site.installation.user.own(place)
        await self._run("restore", "--type=none", f"--pg1-path={place}")

    def size(self) -> int:
        """Return the bytes of the newest backup."""
        backups = self.root / "repository" / "backup" / STANZA
        newest = max(path for path in backups.iterdir() if path.is_dir() and path.name.endswith("F"))
        return sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())

    @property
    def _config(self) -> Path:
        return self.root / "pgbackrest.conf"

    async def _run(self, command: str, *arguments: str) -> None:
        await programs.run(
            ["pgbackrest", f"--config={self._config}", f"--stanza={STANZA}", *arguments, command],
            self.site.installation.user,
            secrets={"PGPASSWORD": self.site.installation.passwords.superuser},
        )
