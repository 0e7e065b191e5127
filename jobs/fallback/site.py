"""A site whose database is a file: it has a control store and a repository of backups, and no servers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.cluster.desired import Desired, States
from db.cluster.layout import Layout
from db.fallback import NeedsPostgresError, backups
from jobs.refusal import Refusal
from jobs.site import Site

CODE = "NEEDS_POSTGRESQL"


@dataclass(frozen=True)
class FileStates(States):
    """There are no servers that should be anything; the repository knows the file by its identifier."""

    file: Path

    def desired(self) -> Desired:
        return Desired(system_identifier=backups.identifier(self.file))


@dataclass(frozen=True)
class NoServers:
    """Stands where an installation's servers would be: what is asked of those needs PostgreSQL."""

    layout: Layout
    states: FileStates
    archive: None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - there is none of it
        raise NeedsPostgresError("This needs")


@dataclass(frozen=True)
class FileSite(Site):
    """The site of a database file."""

    file: Path = field(kw_only=True)
    # Whether backups are taken by themselves.
    backs_up: bool = True

    def refusal(self, what: str) -> Refusal | None:
        error = NeedsPostgresError(what)
        return Refusal(
            CODE, error.message, hint=f"{error.hint} A whole backup is put back by `yukyu backup put-back ID`."
        )

    def require_server(self, what: str) -> None:
        raise NeedsPostgresError(what)
