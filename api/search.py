"""The five search endpoints of the application this replaces, answered by the same search as GraphQL."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import BaseModel, Field

from api.admission import Admission
from api.authentication import Authentication
from api.credentials import LSN, freshness
from api.graphql_endpoint import SERVED_BY
from api.measuring import Operations
from api.openapi import AFTER, BEARER, RESPONSES
from api.rates import caller
from db import search
from db.control import audit
from db.engines import EngineRole, Engines
from db.keys import KeyFile, KeyRing
from db.personal import opened_row
from db.search import EmployeeTable
from schema.paging import MOST
from schema.personal import PersonalReads
from schema.roles import Role
from schema.types.employees import PERSONAL_FIELDS, PERSONAL_OF
from schema.types.node import node_id

Text = Annotated[
    str, Query(description="Names, kana, romaji, numbers, workplaces; 1 to 200 characters.", examples=["佐藤"])
]
Limit = Annotated[int, Query(description="How many at most, 1 to 100.")]
Offset = Annotated[int, Query(description="How many of the best to leave out.")]

# As in GraphQL: finding, and for each hit the row and its twenty columns.
SEARCH_COST, HIT_COST = 50, 30

ENDPOINTS: dict[str, tuple[EmployeeTable, ...]] = {
    "full-text": tuple(EmployeeTable),
    "employees": (EmployeeTable.EMPLOYEES,),
    "genzai": (EmployeeTable.GENZAI,),
    "ukeoi": (EmployeeTable.UKEOI,),
    "staff": (EmployeeTable.STAFF,),
}


class Found(BaseModel):
    """A page of what was found, best first."""

    query: str
    limit: int
    offset: int
    count: int = Field(description="How many results are in this page.")
    has_more: bool
    served_by: EngineRole
    took_ms: float
    results: list[dict[str, Any]] = Field(
        description="Each with its `table`, its `score` and the table's columns; personal ones are null without `hr`.",
        examples=[[{"table": "staff", "score": 9.5, "employee_num": "S0001", "name": "佐藤 太郎"}]],
    )


def routes(
    engines: Engines,
    authentication: Authentication,
    admission: Admission,
    operations: Operations,
    keys: KeyFile | None = None,
) -> APIRouter:
    router = APIRouter(prefix="/api/search", tags=["search"], dependencies=[Security(BEARER)], responses=RESPONSES)
    for name, tables in ENDPOINTS.items():
        summary = f"Search {', '.join(table.lower() for table in tables)}, best first."
        route = router.get(f"/{name}", name=name, summary=summary, openapi_extra={"parameters": [AFTER]})
        route(_endpoint(engines, authentication, admission, operations, tables, keys))
    return router


def _endpoint(  # noqa: PLR0913, PLR0917 - what an endpoint is made of
    engines: Engines,
    authentication: Authentication,
    admission: Admission,
    operations: Operations,
    tables: tuple[EmployeeTable, ...],
    keys: KeyFile | None,
) -> Any:  # noqa: ANN401 - a route of FastAPI's
    async def answer(request: Request, response: Response, q: Text, limit: Limit = 20, offset: Offset = 0) -> Found:
        with operations.counted("search"):
            return await found(request, response, q, limit, offset)

    async def found(request: Request, response: Response, q: str, limit: int, offset: int) -> Found:
        admission.origins.require_own(request)
        origin = authentication.origin_of(request.scope)
        identity = await authentication.identify(request, origin)
        authentication.require(identity, Role.VIEWER, action="rest-search", origin=origin)
        admission.rates.charge(request.scope, identity, SEARCH_COST + HIT_COST * min(max(limit, 1), MOST))
        with admission.capacity.seat(identity), admission.operations.seat(caller(request.scope, identity)):
            hits = await engines.read(
                lambda connection: search.search_at_offset(connection, q, tables, limit=limit, offset=offset),
                after=freshness(request),
            )
        response.headers[SERVED_BY] = hits.served_by.lower()
        if hits.lsn is not None:
            response.headers[LSN] = str(hits.lsn)
        page, personal = hits.value, identity.has(Role.HR)
        if personal and (read := _personal_reads(page)).records:
            authentication.access.journal.note(
                who=identity.name,
                action="read-personal",
                subject="rest-search",
                result=audit.SUCCEEDED,
                origin=origin,
                details=read.as_details(),
            )
        ring = keys.ring() if keys and personal else None
        return Found(
            query=q,
            limit=limit,
            offset=offset,
            count=len(page.hits),
            has_more=page.has_next,
            served_by=hits.served_by,
            took_ms=page.took_ms,
            results=[_result(hit, ring, personal=personal) for hit in page.hits],
        )

    return answer


def _personal_reads(page: search.SearchPage) -> PersonalReads:
    read = PersonalReads()
    for hit in page.hits:
        if PERSONAL_OF[hit.table]:
            read.add(PERSONAL_OF[hit.table], [node_id(hit.table.lower(), hit.row["id"])])
    return read


def _result(hit: search.Hit, ring: KeyRing | None, *, personal: bool) -> dict[str, Any]:
    opened = opened_row(hit.table.lower(), hit.row, PERSONAL_FIELDS if personal else (), ring)
    row = {key: _number(value) if personal or key not in PERSONAL_FIELDS else None for key, value in opened.items()}
    return {"table": hit.table.lower(), "score": hit.score} | row


def _number(value: object) -> object:
    """Return days and rates as numbers, which they always were here; a Decimal would become a string."""
    return float(value) if isinstance(value, Decimal) else value
