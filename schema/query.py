"""The root of all reading."""

import strawberry

from schema.queries.alerts import AlertQueries
from schema.queries.audit import AuditQueries
from schema.queries.backups import BackupQueries
from schema.queries.baselines import BaselineQueries
from schema.queries.health import HealthQueries
from schema.queries.imports import ImportQueries
from schema.queries.performance import PerformanceQueries
from schema.queries.records import RecordQueries
from schema.queries.search import SearchQueries


@strawberry.type(description="Everything that can be read.")
class Query(
    RecordQueries,
    SearchQueries,
    HealthQueries,
    BackupQueries,
    PerformanceQueries,
    AlertQueries,
    BaselineQueries,
    AuditQueries,
    ImportQueries,
):
    pass
