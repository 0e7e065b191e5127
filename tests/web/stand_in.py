"""A small server of the schema's names on loopback, for the console to speak to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from graphql import GraphQLError, GraphQLSchema, graphql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from api.console import Console, wants_page

TOKEN = "a-token-of-aiko"
RECORD = {"__typename": "StaffMember", "id": "staff:1", "table": "STAFF", "employeeNum": "S1", "name": "佐藤 太郎"}


def stand_in(schema: GraphQLSchema) -> Starlette:
    """Return a server that knows one person and signs in whoever carries the token."""
    console = Console()

    async def endpoint(request: Request) -> Response:
        if wants_page(request):
            return await console.page(request)
        body = await request.json()
        result = await graphql(
            schema,
            body["query"],
            root_value={"me": me, "search": search, "suggest": ["佐藤 太郎"]},
            context_value=request,
            variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
        )
        return JSONResponse(result.formatted)

    app = Starlette(
        routes=[
            Route("/graphql", endpoint, methods=["GET", "POST"]),
            Route("/sign-in", sign_in, methods=["POST"]),
            Route("/sign-out", sign_out, methods=["POST"]),
        ]
    )
    console.mount(app)
    return app


async def sign_in(request: Request) -> Response:
    if request.headers.get("origin") != f"http://{request.headers['host']}":
        return Response("The form was sent from another site.", status_code=403)
    token = parse_qs((await request.body()).decode())["token"][0]
    response = RedirectResponse("/graphql", status_code=303)
    response.set_cookie("session", token, httponly=True, samesite="lax")
    return response


async def sign_out(_request: Request) -> Response:
    response = RedirectResponse("/graphql", status_code=303)
    response.delete_cookie("session")
    return response


def me(info: Any) -> dict[str, Any]:  # noqa: ANN401 - graphql-core calls it with its own type
    given = info.context.headers.get("authorization") or f"Bearer {info.context.cookies.get('session')}"
    if given != f"Bearer {TOKEN}":
        raise GraphQLError("This needs a sign-in.", extensions={"code": "UNAUTHENTICATED"})
    return {"name": "aiko", "roles": ["admin"]}


def search(_info: Any, **_arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - graphql-core calls it with its own types
    return {
        "nodes": [{"score": 9.5, "record": RECORD, "highlights": []}],
        "totalCount": 1,
        "totalCountExact": True,
        "countsByTable": [{"table": "STAFF", "count": 1}],
        "servedBy": "REPLICA",
        "tookMs": 0.7,
    }


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free port of loopback and yield its origin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=2))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running
