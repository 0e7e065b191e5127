"""The web application: every HTTP way in, put together."""

from fastapi import FastAPI

from api import console, errors, probes, search, signin
from api.graphql_endpoint import GraphQLEndpoint
from api.openapi import DESCRIPTION
from api.requests import RequestLog
from api.settings import Settings
from api.signin import SignInLinks
from api.tokens import Tokens
from api.version import VERSION
from db.engines import Engines
from schema.build import build_schema
from schema.context import Examine


def create_app(
    engines: Engines, settings: Settings, *, tokens: Tokens, links: SignInLinks, examine: Examine
) -> FastAPI:
    """Return the application over open engines; whoever opened them closes them."""
    app = FastAPI(title="YuKyuDATA", description=DESCRIPTION, version=VERSION, docs_url=None, redoc_url=None)
    endpoint = GraphQLEndpoint(
        schema=build_schema(),
        engines=engines,
        tokens=tokens,
        examine=examine,
        max_request_bytes=settings.max_request_bytes,
        operation_timeout_seconds=settings.operation_timeout_seconds,
    )
    # A plain route: FastAPI's dependency injection around it would cost more than the search.
    app.add_route("/graphql", endpoint.__call__, methods=["GET", "POST"])
    app.include_router(search.routes(engines, tokens))
    app.include_router(probes.routes(engines))
    app.include_router(signin.routes(tokens, links))
    console.mount(app)
    errors.install(app)
    app.add_middleware(RequestLog)
    return app
