"""What jobs work on; each process puts it together once, from its settings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from db.cluster.installation import Installation
from db.control import Control
from db.repository import Incarnation, Repository
from jobs.alerts.alerting import Alerting
from jobs.alerts.rulebook import Rulebook
from jobs.refusal import Refusal


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Policy:
    """What is promised about backups, and when they are taken."""

    # How far back every moment can be restored.
    window: timedelta = timedelta(days=7)
    # How much committed work the loss of the primary may cost, and how long a restore may take.
    rpo: timedelta = timedelta(minutes=5)
    rto: timedelta = timedelta(minutes=30)
    # The daily backup, in UTC: two in the morning in Japan.
    at: time = time(17)


@dataclass(frozen=True)
class Monitoring:
    """How often the servers are looked at."""

    interval: timedelta = timedelta(seconds=15)


@dataclass(frozen=True)
class Site:
    """The servers of an installation, the control store beside them, and the repository of backups."""

    control: Control
    repository: Repository
    installation: Installation
    clock: Callable[[], datetime] = field(default=now)
    policy: Policy = field(default=Policy())
    alerting: Alerting = field(default=Alerting())
    rulebook: Rulebook = field(default=Rulebook())
    monitoring: Monitoring = field(default=Monitoring())

    def refusal(self, what: str) -> Refusal | None:
        """Return why this site cannot do what servers can; `what` is '… needs'. None where it has servers."""
        del what
        return None

    def require_server(self, what: str) -> None:
        """Make sure that there are servers, for what a database file has not; `what` is '… needs'.

        Raises:
            NeedsPostgresError: there is a file.
        """

    def incarnation(self) -> Incarnation | None:
        """Return the part of the repository that belongs to the live cluster; None before its first start."""
        identifier = self.installation.states.desired().system_identifier
        return self.repository.incarnation(identifier) if identifier else None
