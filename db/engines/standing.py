"""Decides which node leads and which replicas may answer, from what was last seen of each. No I/O here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from db.engines.observation import Observation
from db.engines.options import EngineOptions

UNSEEN = "It has not been reached yet."


@dataclass(slots=True, eq=False)
class Standing:
    """What is known of a node, and whether it answers.

    `misses` counts probes that failed in a row, `strikes` those that found a fault. `lost` is said by whoever saw
    a connection break, and holds until the next good probe. `wavering` is a node that hangs or starts, and may answer
    soon. `fault` is why it does not answer, or soon will not.
    """

    options: EngineOptions = field(repr=False)
    observation: Observation | None = None
    misses: int = 0
    strikes: int = 0
    lost: bool = False
    wavering: bool = False
    serving: bool = False
    fault: str | None = UNSEEN

    @property
    def reachable(self) -> bool:
        return self.observation is not None and not self.lost and self.misses < self.options.probes_to_leave

    @property
    def in_doubt(self) -> bool:
        return not self.reachable or self.misses > 0

    def lag_behind(self, primary: "Standing") -> timedelta:
        """Return how much older this node's heartbeat is than the primary's: both were written by one clock."""
        mine = self.observation.beat_at if self.observation else None
        newest = primary.observation.beat_at if primary.observation else None
        if mine is None or newest is None:
            return timedelta(0)
        return max(timedelta(0), newest - mine)

    def saw(self, observation: Observation) -> None:
        self.observation = observation
        self.misses = 0
        self.lost = self.wavering = False

    def missed(self, reason: str, *, wavering: bool = False) -> None:
        self.misses += 1
        self.wavering = wavering
        if not self.reachable:
            self.fault = reason

    def weigh(self, fault: str | None, *, counted: bool) -> None:
        """Go in or out of service; a fault has to be seen `probes_to_leave` times, health once."""
        if not self.reachable:
            self.serving = False
            return
        self.fault = fault
        if fault is None:
            self.strikes = 0
            self.serving = True
            return
        self.strikes += counted
        if self.strikes >= self.options.probes_to_leave:
            self.serving = False


def leader(standings: Sequence[Standing]) -> Standing | None:
    """Return the node that takes writes: out of recovery, in this cluster, on the newest timeline, the first."""
    cluster = system(standings)
    writable = [
        (-standing.observation.timeline, index)
        for index, standing in enumerate(standings)
        if standing.reachable
        and standing.observation is not None
        and not standing.observation.in_recovery
        and standing.observation.system_identifier == cluster
    ]
    return standings[min(writable)[1]] if writable else None


def system(standings: Sequence[Standing]) -> int | None:
    """Return the identifier of the cluster: that of the first node, the configured primary, once it has been seen."""
    return next((s.observation.system_identifier for s in standings if s.observation is not None), None)


def fault(standing: Standing, standings: Sequence[Standing]) -> str | None:
    """Return why this reachable node should not answer reads, in a sentence; None when it may."""
    seen, first = standing.observation, leader(standings)
    if seen is None or standing is first:
        return None
    if seen.system_identifier != system(standings):
        return "It belongs to another database cluster; clone it again from the primary."
    if not seen.in_recovery:
        return "It takes writes beside the primary: two servers believe they lead. Stop it and clone it again."
    if first is None or first.in_doubt or first.observation is None:
        return _fault_alone(standing, standings)
    return _fault_behind(standing, first)


def _fault_behind(standing: Standing, primary: Standing) -> str | None:
    seen, first, options = standing.observation, primary.observation, standing.options
    assert seen is not None and first is not None  # noqa: PT018, S101 - `fault` has looked
    share = 1.0 if standing.serving else 0.5  # it comes back only well within the limit, or it would come and go
    if not seen.streaming:
        return "It does not stream from the primary; see its log."
    paused = " Its replay is paused: SELECT pg_wal_replay_resume() there." if seen.paused else ""
    if (behind := first.lsn - seen.lsn) > options.max_lag_bytes * share:
        return f"It is {behind:,} bytes behind the primary.{paused}"
    if (late := standing.lag_behind(primary)) > options.max_lag * share:
        return f"It is {late.total_seconds():.0f} s behind the primary.{paused}"
    return None


def _fault_alone(standing: Standing, standings: Sequence[Standing]) -> str | None:
    """Without a primary nobody streams and nobody can be called late; the most advanced replicas answer."""
    seen = standing.observation
    assert seen is not None  # noqa: S101 - `fault` has looked
    best = max(s.observation.lsn for s in standings if s.observation is not None and (s is standing or _follows(s)))
    if best - seen.lsn > standing.options.max_lag_bytes:
        return f"It is {best - seen.lsn:,} bytes behind another replica, and the primary is down."
    return None


def _follows(standing: Standing) -> bool:
    return standing.reachable and standing.observation is not None and standing.observation.in_recovery
