"""How the system is, now: every node, and every thing worth a look, with what to do about it."""

from db.engines import PoolUsage
from jobs.health.feed import HealthFeed
from jobs.health.outcome import HealthCheck, HealthStatus, NodeHealth, Report
from jobs.health.report import report

__all__ = ["HealthCheck", "HealthFeed", "HealthStatus", "NodeHealth", "PoolUsage", "Report", "report"]
