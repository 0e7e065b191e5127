"""Errors outside GraphQL, as JSON: a code, a sentence and, where there is one, a way out."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from db.errors import AppError, BadInputError, DatabaseUnavailableError, NotFoundError
from schema.errors import UNEXPECTED, OverloadedError, RateLimitedError
from schema.roles import ForbiddenError, UnauthenticatedError

log = structlog.get_logger(__name__)

STATUS = {
    BadInputError.code: HTTPStatus.BAD_REQUEST,
    UnauthenticatedError.code: HTTPStatus.UNAUTHORIZED,
    ForbiddenError.code: HTTPStatus.FORBIDDEN,
    NotFoundError.code: HTTPStatus.NOT_FOUND,
    RateLimitedError.code: HTTPStatus.TOO_MANY_REQUESTS,
    OverloadedError.code: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnavailableError.code: HTTPStatus.SERVICE_UNAVAILABLE,
}


def error_response(error: AppError) -> JSONResponse:
    body = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
    response = JSONResponse(body, status_code=STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR))
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.headers["www-authenticate"] = 'Bearer realm="yukyu"'
    return response


def install(app: FastAPI) -> None:
    """Answer every error of `app` in one shape; what nobody expected is logged and masked."""

    @app.exception_handler(AppError)
    async def known(_: Request, error: AppError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return error_response(BadInputError(f"{first['loc'][-1]}: {first['msg']}."))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        code = NotFoundError.code if error.status_code == HTTPStatus.NOT_FOUND else BadInputError.code
        body = {"error": {"code": code, "message": f"{error.detail}.", "hint": None}}
        return JSONResponse(body, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error)
        return error_response(AppError(UNEXPECTED))
