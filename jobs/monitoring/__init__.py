"""Looks at every server each tick: snapshots, what became of the time between two of them, and advice."""

from jobs.monitoring.interval import Interval
from jobs.monitoring.keeping import Listener, keep
from jobs.monitoring.taking import Taking

__all__ = ["Interval", "Listener", "Taking", "keep"]
