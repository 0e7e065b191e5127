"""Whether a replica follows its primary, and when to give it up."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

from db.cluster import probe
from db.cluster.connection import AWAY
from db.cluster.desired import ServerSpec
from db.cluster.installation import Installation
from db.repository.segments import Segment

WAITING = "waiting for "


@dataclass
class Following:
    """One replica's progress; `patience` is how long it may make none while its primary is well."""

    installation: Installation
    name: str
    patience: timedelta
    _lsn: str | None = None
    _progressed_at: float = field(default_factory=time.monotonic)
    _waits_for: int | None = None
    _waits_since: float = 0.0

    def begin(self) -> None:
        """Start counting anew: the server has just been started."""
        self._progressed_at = time.monotonic()

    async def given_up(self, standing: probe.Standing, primary: ServerSpec) -> str | None:
        """Return why the replica must be cloned anew; None while it follows, or still may."""
        if standing.streaming or standing.lsn != self._lsn:
            self._lsn = standing.lsn
            self.begin()
        if standing.streaming:
            return None
        try:
            why = await probe.obstacle(self.installation, self.name, standing, primary)
        except AWAY:
            self.begin()  # nobody could follow a primary that does not answer
            return None
        if why is None and time.monotonic() - self._progressed_at > self.patience.total_seconds():
            return f"it has not followed for {self.patience.total_seconds():.0f} seconds"
        return why

    def waits_in_vain(self, doing: str) -> bool:
        """Return whether one that does not answer yet has waited for a segment that nobody gives it for too long.

        It asks for the segment on one timeline after the other: the number is what it waits for, not the name.
        """
        segment = Segment.parse(doing.removeprefix(WAITING)) if doing.startswith(WAITING) else None
        awaited = segment.number if segment else None
        if awaited != self._waits_for:
            self._waits_for, self._waits_since = awaited, time.monotonic()
        return awaited is not None and time.monotonic() - self._waits_since > self.patience.total_seconds()
