"""How far a standby is behind, by position and by heartbeat."""

from datetime import datetime
from typing import Final

from db.engines.observation import Observation
from db.lsn import Lsn

LEAST_SECONDS: Final = 0.001  # of a replica that receives nothing, which is never up to date


def bytes_behind(primary: Observation | None, replica: Observation, *, replayed: Lsn) -> int | None:
    """Return what is left to replay: of all that the primary has, or of what was received when there is none."""
    if primary is not None:
        return max(0, primary.lsn - replayed)
    received = (replica.received or 0) - replayed
    return received if received > 0 else None


def seconds_behind(
    primary: Observation | None, replica: Observation, *, behind: int | None, now: datetime
) -> float | None:
    """Return the lag by heartbeat; a replica that receives nothing is as late as its heartbeat is old."""
    if replica.beat_at is None:
        return None
    if primary is None or not replica.streaming:
        return max(LEAST_SECONDS, (now - replica.beat_at).total_seconds())
    if behind == 0 or primary.beat_at is None:
        return 0.0
    return max(0.0, (primary.beat_at - replica.beat_at).total_seconds())
