"""The web application: every HTTP way in, put together."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from api import console, errors, probes, rings, search, signin, trusted_documents
from api.admission import Admission
from api.authentication import Authentication
from api.credentials import LSN
from api.direct import Direct
from api.gate import GRAPHQL, Gate
from api.graphql_endpoint import ALLOWED, SERVED_BY, GraphQLEndpoint
from api.graphql_websocket import GraphQLWebSocket
from api.lane import Lane
from api.measuring import Process
from api.metrics import MetricsEndpoint
from api.openapi import DESCRIPTION
from api.remote_keys import RemoteKeys
from api.requests import HEADER as REQUEST_ID
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
from schema.context import Contexts, Examine
from schema.feeds import Feeds
from schema.limits import Limits
from schema.roles import Role

# What pages of the other origins that are let in may send and see.
TAKEN_HEADERS = ["authorization", "content-type", LSN, REQUEST_ID]
GIVEN_HEADERS = [
    LSN,
    SERVED_BY,
    REQUEST_ID,
    "retry-after",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
]


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
) -> ASGIApp:
    """Return the application over open engines; whoever opened them closes them, and ends its streams.

    Without `access`, there is one that nobody keeps: it works on the site's control store, where there is a site.
    """
    access = access or Access.of(site.control if site else None, tokens.mint)
    app = FastAPI(title="YuKyuDATA", description=DESCRIPTION, version=VERSION, docs_url=None, redoc_url=None)
    schema, admission = build_schema(_limits(settings)), Admission.of(settings, lambda: engines.wait_seconds)
    streams = streams or streams_of(settings)
    introspection = Role.ADMIN if settings.production else None
    keys = rings.file_of(settings)
    contexts = Contexts(engines, examine, Feeds.of(examine, site), access, site, introspection, keys)
    documents = trusted_documents.load(
        settings.trusted_documents_file, settings.trusted_documents, errors_of=schema.errors_of
    )
    process = Process(engines, streams)
    authentication = Authentication(tokens, access, remote_keys)
    endpoint = GraphQLEndpoint(
        schema=schema,
        contexts=contexts,
        authentication=authentication,
        streams=streams,
        operations=process.operations,
        documents=documents,
        admission=admission,
        max_request_bytes=settings.max_request_bytes,
        operation_timeout_seconds=settings.operation_timeout_seconds,
    )
    # For what is said of other methods; these go the direct way, for the framework around it would cost more than the
    # search.
    app.add_route(GRAPHQL, endpoint.__call__, methods=["GET", "POST"])
    websocket = GraphQLWebSocket(schema, contexts, authentication, streams, documents, admission)
    app.router.routes.append(WebSocketRoute(GRAPHQL, websocket.__call__))
    app.include_router(search.routes(engines, authentication, admission, process.operations, keys))
    app.include_router(probes.routes(engines))
    app.add_route("/metrics", MetricsEndpoint(process, authentication, site).__call__, methods=["GET"])
    app.include_router(signin.routes(authentication, links))
    console.mount(app)
    errors.install(app)
    direct = Direct(app, path=GRAPHQL, methods=ALLOWED, endpoint=endpoint.__call__)
    gate = Gate(direct, rates=admission.rates, hsts_seconds=settings.hsts_seconds)
    front: ASGIApp = gate
    if settings.cors_origins:
        front = CORSMiddleware(
            front,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=TAKEN_HEADERS,
            expose_headers=GIVEN_HEADERS,
            allow_credentials=True,
        )
    if schema.quick is not None:
        front = Lane(front, endpoint=endpoint, quick=schema.quick, gate=gate)
    return RequestLog(front)


def streams_of(settings: Settings) -> Streams:
    return Streams(most_per_user=settings.streams_per_user, most_subscriptions_per_user=settings.subscriptions_per_user)


def _limits(settings: Settings) -> Limits:
    return Limits(
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        fields=settings.max_fields,
        directives=settings.max_directives,
        tokens=settings.max_tokens,
        cost=settings.max_cost,
    )
