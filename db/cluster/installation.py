"""What all servers of one installation share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from db.cluster.binaries import Binaries
from db.cluster.desired import ServerSpec, States
from db.cluster.identity import Identity
from db.cluster.layout import Layout
from db.cluster.passwords import Passwords
from db.repository.place import Repository


@dataclass(frozen=True)
class Progress:
    """How far a long step is; `fraction` from 0 to 1 where it is known."""

    step: str
    fraction: float | None = None


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Installation:
    layout: Layout
    binaries: Binaries
    user: Identity
    passwords: Passwords
    states: States
    on_progress: OnProgress = silent
    # Where the primary's WAL goes; nowhere when there is none.
    archive: Repository | None = None
    # Whether a commit waits until its WAL is in the archive.
    synchronous_archive: bool = False

    def data_directory(self, spec: ServerSpec) -> Path:
        return self.layout.data_directory(spec.directory)


def slot_of(server: str) -> str:
    """Return the replication slot of a replica; slots may have letters, digits and underscores only."""
    return "yukyu_" + "".join(letter if letter.isalnum() else "_" for letter in server.lower())
