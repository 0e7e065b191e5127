"""Puts the schema together."""

from collections.abc import Sequence

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from schema.documents import Preparation, PrepareDocuments
from schema.errors import PresentErrors, log_unexpected
from schema.limits import Limits
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.sharing import SharingExecution
from schema.subscription import Subscription
from schema.types.alerts import Alert, Silence
from schema.types.backups import Backup
from schema.types.baselines import Baseline
from schema.types.employees import TYPES
from schema.types.leave import LeaveRequest, UsageDetail
from schema.types.restores import RestoreRun


class Schema(strawberry.Schema):
    """The schema, and how it prepares documents."""

    preparation: Preparation

    def errors_of(self, text: str) -> Sequence[GraphQLError]:
        """Return what keeps a document from being run, whoever asks and with whatever variables."""
        return self.preparation.prepared(self._schema, text).errors

    def process_errors(
        self,
        errors: Sequence[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002 - Strawberry's signature
    ) -> None:
        log_unexpected(errors)


def build_schema(limits: Limits | None = None) -> Schema:
    """Return the schema; documents beyond `limits` are refused before they run."""
    preparation = Preparation(limits or Limits())
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*TYPES.values(), LeaveRequest, UsageDetail, Backup, RestoreRun, Alert, Silence, Baseline],
        extensions=[lambda: PrepareDocuments(preparation), PresentErrors],
        config=StrawberryConfig(scalar_map=SCALARS),
        execution_context_class=SharingExecution,
    )
    schema.preparation = preparation
    return schema
