"""How fast the database is, why a statement is slow, and which index would help."""

from jobs.performance.explaining import QueryPlan, explain
from jobs.performance.report import IndexUse, Report, SlowQuery, TableUse, report
from jobs.performance.suggesting import Suggestion, suggest

__all__ = [
    "IndexUse",
    "QueryPlan",
    "Report",
    "SlowQuery",
    "Suggestion",
    "TableUse",
    "explain",
    "report",
    "suggest",
]
