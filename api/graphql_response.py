"""Writes a GraphQL result into HTTP: media type, status and body."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.types import ExecutionResult

from db.errors import AppError, DatabaseUnavailableError
from schema.errors import OverloadedError, RateLimitedError, as_graphql_error, presentable
from schema.roles import ForbiddenError, UnauthenticatedError

LEGACY = "application/json"
CURRENT = "application/graphql-response+json"
STREAM = "text/event-stream"

STATUS = {
    UnauthenticatedError.code: HTTPStatus.UNAUTHORIZED,
    ForbiddenError.code: HTTPStatus.FORBIDDEN,
    OverloadedError.code: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnavailableError.code: HTTPStatus.SERVICE_UNAVAILABLE,
    RateLimitedError.code: HTTPStatus.TOO_MANY_REQUESTS,
    AppError.code: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def media_type_for(request: Request) -> str | None:
    """Return the media type to answer in; None when the client accepts none of ours."""
    accepted = [item.partition(";")[0].strip().lower() for item in request.headers.get("accept", "*/*").split(",")]
    for media_type in accepted:
        if media_type in (CURRENT, STREAM):
            return media_type
        if media_type in (LEGACY, "*/*", "application/*"):
            return LEGACY
    return None


def answer(result: ExecutionResult, media_type: str) -> Response:
    """Return the response to an operation that was executed, or refused before execution."""
    errors = [presentable(error) for error in result.errors or ()]
    if result.data is None and errors and all(error.path is None for error in errors):
        return refusal(errors, media_type, status=_status_of(errors, media_type))
    return Response(orjson.dumps(body_of(result)), media_type=media_type)


def _status_of(errors: Sequence[GraphQLError], media_type: str) -> HTTPStatus:
    """Return the status of an operation that was refused before it ran."""
    if any((error.extensions or {}).get("code") == RateLimitedError.code for error in errors):
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.OK if media_type == LEGACY else HTTPStatus.BAD_REQUEST


def body_of(result: ExecutionResult) -> dict[str, Any]:
    """Return the result of an operation that was executed as it stands in JSON."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [presentable(error).formatted for error in result.errors]
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def refusal_of(error: AppError, media_type: str, *, status: HTTPStatus | None = None) -> Response:
    """Return the response to a request that never became an operation."""
    response = refusal(
        [as_graphql_error(error)], media_type, status=status or STATUS.get(error.code, HTTPStatus.BAD_REQUEST)
    )
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.headers["www-authenticate"] = 'Bearer realm="yukyu"'
    return response


def refusal(errors: Sequence[GraphQLError], media_type: str, *, status: HTTPStatus) -> Response:
    body = {"errors": [error.formatted for error in errors]}
    return Response(orjson.dumps(body), status_code=status, media_type=media_type)
