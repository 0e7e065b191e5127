"""What jobs work on; each process puts it together once, from its settings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from db.cluster.installation import Installation
from db.control import Control
from db.repository import Incarnation, Repository


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """The servers of an installation, the control store beside them, and the repository of backups."""

    control: Control
    repository: Repository
    installation: Installation
    clock: Callable[[], datetime] = field(default=now)

    def incarnation(self) -> Incarnation | None:
        """Return the part of the repository that belongs to the live cluster; None before its first start."""
        identifier = self.installation.states.desired().system_identifier
        return self.repository.incarnation(identifier) if identifier else None
