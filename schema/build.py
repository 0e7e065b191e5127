"""Puts the schema together."""

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionResult
from strawberry.types.execution import ExecutionContext

from db.control import audit
from schema.audited import audit_mutations, note_refusals
from schema.context import Context
from schema.documents import Preparation, PrepareDocuments
from schema.errors import PresentErrors, log_unexpected
from schema.limits import Limits
from schema.mutation import Mutation
from schema.permissions import write_into_sdl
from schema.query import Query
from schema.quick import Quick
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

    quick: Quick | None = None

    async def execute(self, query: str | None, *arguments: Any, **options: Any) -> ExecutionResult:  # noqa: ANN401 - Strawberry's own
        """Run an operation, the short way if it can be; what it leaves in the audit log says where it came from."""
        context: Context | None = options.get("context_value")
        if context is None:
            return await super().execute(query, *arguments, **options)
        name: str | None = options.get("operation_name")
        result = None
        with audit.asked_from(context.origin):
            if self.quick is not None and query:
                result = await self.quick.answer(query, options.get("variable_values"), name, context)
            if result is None:
                result = await super().execute(query, *arguments, **options)
        context.tell_what_was_read(name)
        return result

    def process_errors(self, errors: Sequence[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        log_unexpected(errors)
        if execution_context is not None and execution_context.context is not None:
            note_refusals(errors, execution_context.context)


def build_schema(limits: Limits | None = None) -> Schema:
    """Return the schema; documents beyond `limits` are refused before they run."""
    preparation = Preparation(limits or Limits())
    write_into_sdl((Query, Mutation, Subscription))
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
    schema.quick = Quick(schema, schema._schema, preparation, _hear)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
    audit_mutations(schema._schema)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
    return schema


def _hear(errors: Sequence[GraphQLError], context: Context) -> None:
    log_unexpected(errors)
    note_refusals(errors, context)
