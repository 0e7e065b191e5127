"""Two snapshots and the time between them: what rates and ratios are made of."""

from dataclasses import dataclass

from db.monitoring.snapshot import Server, Snapshot


@dataclass(frozen=True, slots=True)
class Interval:
    """The newest snapshot, the one before it, and the one of about a day before; those may be missing."""

    now: Snapshot
    before: Snapshot | None = None
    day_before: Snapshot | None = None

    @property
    def seconds(self) -> float | None:
        """How long it is; None where there is none before it."""
        return (self.now.taken_at - self.before.taken_at).total_seconds() if self.before else None

    def earlier(self, server: Server) -> Server | None:
        """Return the same server in the snapshot before."""
        return next((each for each in self.before.servers if each.name == server.name), None) if self.before else None
