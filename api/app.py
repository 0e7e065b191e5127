"""The web application: every HTTP way in, put together."""

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from api import console, errors, probes, search, signin
from api.authentication import Authentication
from api.graphql_endpoint import GraphQLEndpoint
from api.graphql_websocket import GraphQLWebSocket
from api.openapi import DESCRIPTION
from api.remote_keys import RemoteKeys
from api.requests import RequestLog
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from api.tokens import Tokens
from api.version import VERSION
from db.engines import Engines
from jobs.access import Access
from jobs.site import Site
from schema.build import build_schema
from schema.context import Contexts, Examine, Feeds


def create_app(  # noqa: PLR0913 - what the application is made of
    engines: Engines,
    settings: Settings,
    *,
    tokens: Tokens,
    access: Access | None = None,
    remote_keys: RemoteKeys | None = None,
    links: SignInLinks,
    examine: Examine,
    site: Site | None = None,
    streams: Streams | None = None,
) -> FastAPI:
    """Return the application over open engines; whoever opened them closes them, and ends its streams.

    Without `access`, there is one that nobody keeps: it works on the site's control store, where there is a site.
    """
    access = access or Access.of(site.control if site else None, tokens.mint)
    app = FastAPI(title="YuKyuDATA", description=DESCRIPTION, version=VERSION, docs_url=None, redoc_url=None)
    schema, streams = build_schema(), streams or Streams(most_per_user=settings.streams_per_user)
    contexts = Contexts(engines, examine, Feeds.of(examine, site), access, site)
    authentication = Authentication(tokens, access, remote_keys)
    endpoint = GraphQLEndpoint(
        schema=schema,
        contexts=contexts,
        authentication=authentication,
        streams=streams,
        max_request_bytes=settings.max_request_bytes,
        operation_timeout_seconds=settings.operation_timeout_seconds,
    )
    # A plain route: FastAPI's dependency injection around it would cost more than the search.
    app.add_route("/graphql", endpoint.__call__, methods=["GET", "POST"])
    websocket = GraphQLWebSocket(schema, contexts, authentication, streams)
    app.router.routes.append(WebSocketRoute("/graphql", websocket.__call__))
    app.include_router(search.routes(engines, authentication))
    app.include_router(probes.routes(engines))
    app.include_router(signin.routes(authentication, links))
    console.mount(app)
    errors.install(app)
    app.add_middleware(RequestLog)
    return app
