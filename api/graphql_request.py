"""Reads a GraphQL request out of HTTP, as the GraphQL over HTTP specification has it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, cast

import orjson
from starlette.requests import Request

from api.bodies import RequestError, read_body
from api.trusted_documents import TrustedDocuments

PARAMETERS = ("query", "documentId", "operationName")


class GraphQLRequest(NamedTuple):
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None


async def read_request(request: Request, documents: TrustedDocuments, *, max_bytes: int) -> GraphQLRequest:
    """Return what the request asks for.

    Raises:
        RequestError: it is too large, too slow, of another type, not JSON or not of the right shape.
        AppError: it names a document that there is not, or has one that is not answered here.
    """
    if request.method in {"GET", "HEAD"}:
        return _from_parameters(request.query_params, documents)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestError(
            f"A GraphQL request is sent as application/json, not as {media_type or 'nothing in particular'}.",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            hint="Send `Content-Type: application/json`.",
        )
    return request_of(_decode(await read_body(request, max_bytes=max_bytes), "The body"), documents)


def _from_parameters(parameters: Mapping[str, str], documents: TrustedDocuments) -> GraphQLRequest:
    given: dict[str, object] = {key: parameters[key] for key in PARAMETERS if key in parameters}
    for key in ("variables", "extensions"):
        if parameters.get(key):
            given[key] = _decode(parameters[key], f"The parameter {key}")
    return request_of(given, documents)


def request_of(given: object, documents: TrustedDocuments) -> GraphQLRequest:
    """Return the request that a JSON object is, over HTTP as over WebSocket.

    Raises:
        RequestError: it is not of the right shape.
        AppError: it names a document that there is not, or has one that is not answered here.
    """
    if isinstance(given, list):
        raise RequestError("Several operations in one request are not accepted.", hint="Send one request for each.")
    if not isinstance(given, dict):
        raise RequestError("The body is not a JSON object.", hint='Send {"query": "{ me { name } }"}.')
    members = cast("dict[str, Any]", given)
    query = documents.text_of(members)
    if not isinstance(query, str) or not query.strip():
        raise RequestError("There is no GraphQL document in `query`.", hint='Send {"query": "{ me { name } }"}.')
    operation_name = members.get("operationName")
    if not isinstance(operation_name, str | None):
        raise RequestError("`operationName` is not a string.")
    return GraphQLRequest(query, _object(members, "variables"), operation_name, _object(members, "extensions"))


def _object(members: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    value: Any = members.get(key)
    if value is not None and not isinstance(value, dict):
        raise RequestError(f"`{key}` is not an object.")
    return value  # pyright: ignore[reportUnknownVariableType] - JSON's keys are texts


def _decode(text: bytes | str, what: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"{what} is not JSON: {error}.") from error
