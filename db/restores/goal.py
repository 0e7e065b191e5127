"""How far recovery is to go, as PostgreSQL's settings say it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from db.lsn import Lsn


@dataclass(frozen=True)
class Goal:
    """A timeline, and where on it to stop: after the last commit of a moment, or before a position.

    With neither, recovery stops as soon as the data directory is consistent, which is a backup's own end.
    """

    timeline: int
    time: datetime | None = None
    lsn: Lsn | None = None

    def settings(self) -> dict[str, str]:
        settings = {"recovery_target_timeline": str(self.timeline), "recovery_target_action": "pause"}
        if self.time is not None:
            moment = self.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
            return settings | {"recovery_target_time": moment, "recovery_target_inclusive": "on"}
        if self.lsn is not None:
            # What ends at the position is in, as what a commit's position says; what begins there is not.
            return settings | {"recovery_target_lsn": str(self.lsn), "recovery_target_inclusive": "off"}
        return settings | {"recovery_target": "immediate"}
