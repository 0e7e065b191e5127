"""What an error says to a client: its code always, its words only where they were meant for clients."""

from collections.abc import Sequence

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from db.errors import AppError, BadInputError

log = structlog.get_logger(__name__)

# What requests bring about, and no fault of ours.
EXPECTED = (AppError, GraphQLError, CannotGetOperationTypeError, InvalidOperationTypeError)
UNEXPECTED = "Something went wrong that is not the request's fault. The server's log has it under this request's id."


class WrongTransportError(BadInputError):
    """The operation is of a type that does not come this way."""

    def __init__(self, operation_type: str) -> None:
        super().__init__(
            f"A {operation_type} cannot be sent this way.",
            hint="Queries go by POST or GET, mutations by POST, subscriptions by WebSocket or as text/event-stream.",
        )


class QueryTooComplexError(AppError):
    """The operation asks for more than one request may."""

    code = "QUERY_TOO_COMPLEX"


class RateLimitedError(AppError):
    """Somebody asks for more at a time than one may."""

    code = "RATE_LIMITED"


class OverloadedError(AppError):
    """The server has as much to do as it takes on at a time."""

    code = "OVERLOADED"

    def __init__(self, taken: int) -> None:
        super().__init__(
            f"The server has as much to do as it can take on now (operations under way: {taken}).",
            hint="Try again in a second; `Retry-After` says when.",
        )


def as_graphql_error(error: AppError) -> GraphQLError:
    return GraphQLError(error.message, extensions=extensions_of(error))


def extensions_of(error: AppError) -> dict[str, object]:
    extensions: dict[str, object] = {"code": error.code}
    if error.hint:
        extensions["hint"] = error.hint
    return extensions


def presentable(error: GraphQLError) -> GraphQLError:
    """Return the error as a client may see it.

    What was raised on purpose keeps its words. An error with no Python
    exception behind it is the executor's own, about the document or a
    variable. Anything else is unexpected and masked.
    """
    cause = error.original_error
    if isinstance(cause, AppError):
        return _like(error, cause.message, {**(error.extensions or {}), **extensions_of(cause)})
    if isinstance(cause, InvalidOperationTypeError):
        return presentable(GraphQLError("", original_error=WrongTransportError(cause.operation_type.value)))
    if cause is None or isinstance(cause, GraphQLError | CannotGetOperationTypeError):
        return _like(error, error.message, {"code": _code(error), **(error.extensions or {})})
    return _like(error, UNEXPECTED, {"code": AppError.code})


def log_unexpected(errors: Sequence[GraphQLError]) -> None:
    for error in errors:
        cause = error.original_error
        if cause is not None and not isinstance(cause, EXPECTED):
            log.error("resolver failed", path=error.path, exc_info=cause)


class PresentErrors(MaskErrors):
    """Puts every error of a result into the words and codes that clients may see."""

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        return presentable(error)


def _code(error: GraphQLError) -> str:
    # graphql-core gives up with these words on too many tokens and on too deep a nesting.
    gave_up = isinstance(error, GraphQLSyntaxError) and error.message.endswith("Parsing aborted.")
    gave_up = gave_up or error.message == "Maximum introspection depth exceeded"
    return QueryTooComplexError.code if gave_up else BadInputError.code


def _like(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
