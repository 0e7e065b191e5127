"""`/graphql`: one operation a request, by POST or, for queries, by GET; the console for browsers."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api import console
from api.admission import Admission
from api.authentication import Authentication
from api.bodies import RequestError
from api.credentials import LSN, freshness
from api.graphql_request import GraphQLRequest, read_request
from api.graphql_response import LEGACY, STREAM, answer, media_type_for, refusal_of
from api.graphql_sse import EventStream
from api.measuring import REFUSED, Operations, outcome_of
from api.rates import caller
from api.streams import Streams
from api.trusted_documents import TrustedDocuments
from db.errors import AppError
from schema.build import Schema
from schema.context import Context, Contexts
from schema.errors import QueryTooComplexError, WrongTransportError
from schema.introspection import may_introspect
from schema.roles import ANONYMOUS, UnauthenticatedError

log = structlog.get_logger(__name__)

SERVED_BY = "x-yukyu-served-by"
ALLOWED = {
    "GET": {OperationType.QUERY},
    "HEAD": {OperationType.QUERY},
    "POST": {OperationType.QUERY, OperationType.MUTATION},
}


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    schema: Schema
    contexts: Contexts
    authentication: Authentication
    streams: Streams
    operations: Operations
    documents: TrustedDocuments
    admission: Admission
    max_request_bytes: int
    operation_timeout_seconds: float

    async def __call__(self, request: Request) -> Response:
        if console.wants_page(request):
            return await self._page(request)
        media_type = media_type_for(request)
        if media_type is None:
            wrong = RequestError(
                "The answer can be sent as application/graphql-response+json or application/json, "
                "and a subscription's as text/event-stream.",
                status=HTTPStatus.NOT_ACCEPTABLE,
            )
            return refusal_of(wrong, LEGACY, status=wrong.status)
        of_refusals = LEGACY if media_type == STREAM else media_type
        began = time.perf_counter()
        try:
            return await self._answer(request, media_type, began=began)
        except RequestError as error:
            refusal = refusal_of(error, of_refusals, status=error.status)
        except AppError as error:
            refusal = refusal_of(error, of_refusals)
        self.operations.count(None, REFUSED, began=began)
        return refusal

    async def _page(self, request: Request) -> Response:
        """Return GraphiQL, for whoever may look at the schema."""
        try:
            identity = await self.authentication.identify(request, self.authentication.origin_of(request.scope))
        except UnauthenticatedError:
            identity = ANONYMOUS
        if may_introspect(identity, self.contexts.introspection):
            return await console.page(request)
        return console.forbidden()

    async def _answer(self, request: Request, media_type: str, *, began: float) -> Response:
        self.admission.origins.require_own(request)
        origin = self.authentication.origin_of(request.scope)
        identity = await self.authentication.identify(request, origin)
        operation = await read_request(request, self.documents, max_bytes=self.max_request_bytes)
        context = self.contexts.of(
            identity,
            origin=origin,
            after=freshness(request),
            charge=lambda cost: self.admission.rates.charge(request.scope, identity, cost),
        )
        if media_type == STREAM and request.method != "HEAD":
            return EventStream(self.schema, operation, context, self.streams, self.authentication)
        with self.admission.capacity.seat(identity), self.admission.operations.seat(caller(request.scope, identity)):
            result = await self._execute(operation, context, request.method)
        self.operations.count(context.operation, outcome_of(result), began=began)
        return stamped(answer(result, media_type), context)

    def too_long(self) -> QueryTooComplexError:
        return QueryTooComplexError(
            f"The operation took longer than {self.operation_timeout_seconds:g} seconds and was stopped.",
            hint="Ask for less at once.",
        )

    async def _execute(self, operation: GraphQLRequest, context: Context, method: str) -> ExecutionResult:
        try:
            async with asyncio.timeout(self.operation_timeout_seconds):
                return await self.schema.execute(
                    operation.query,
                    variable_values=operation.variables,
                    context_value=context,
                    operation_name=operation.operation_name,
                    operation_extensions=operation.extensions,
                    allowed_operation_types=ALLOWED[method],
                )
        except CannotGetOperationTypeError as error:
            raise RequestError(
                "The document does not say which operation to run.",
                hint="Name one of its operations in `operationName`.",
            ) from error
        except InvalidOperationTypeError as error:
            wrong = WrongTransportError(error.operation_type.value)
            raise RequestError(wrong.message, status=HTTPStatus.METHOD_NOT_ALLOWED, hint=wrong.hint) from error
        except TimeoutError as error:
            raise self.too_long() from error


def stamped(response: Response, context: Context) -> Response:
    """Return an answer that says who gave it and how fresh it is."""
    if context.seen is not None:
        response.headers[LSN] = str(context.seen)
    if context.served_by is not None:
        response.headers[SERVED_BY] = context.served_by.lower()
    return response
