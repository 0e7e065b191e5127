"""Runs a search: one round trip for the page, one more where counts were asked for."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from time import perf_counter
from typing import Any

import asyncpg

from db.errors import BadInputError
from db.other_store import OtherStore, Scope
from db.search import cursor, highlight
from db.search.page import FoundRow, Hit, SearchPage
from db.search.registry import BY_NUMBER, EmployeeTable
from db.search.request import SearchRequest
from db.search.statement import COUNTS, Statement, arguments_of, statement_for

MOST_OFFSET = 1000
COUNT_LIMIT = 1000


async def search(connection: asyncpg.Connection, request: SearchRequest) -> SearchPage:
    """Return a page of hits, best first.

    Raises:
        BadInputError: the cursor is not one of this search, or a column asked for does not exist.
    """
    after = None if request.after is None else cursor.decode(request.after, cursor.fingerprint(request))
    return await _page(connection, request, after=after)


async def search_at_offset(
    connection: asyncpg.Connection,
    query: str,
    tables: Sequence[EmployeeTable] | None = None,
    *,
    limit: int = 20,
    offset: int = 0,
) -> SearchPage:
    """Return the page that begins so many hits behind the best.

    Raises:
        BadInputError: the query cannot be meant, or limit or offset is out of bounds.
    """
    if not 0 <= offset <= MOST_OFFSET:
        raise BadInputError(
            f"The offset {offset} is not from 0 to {MOST_OFFSET:,}.", hint="Narrow the search, or page with GraphQL."
        )
    request = SearchRequest(query=query, tables=tables, first=limit)
    return await _page(connection, request, offset=offset)


async def _page(
    connection: asyncpg.Connection,
    request: SearchRequest,
    *,
    after: cursor.Place | None = None,
    offset: int = 0,
) -> SearchPage:
    tables = request.asked_tables
    statement = statement_for(tables, request.columns, highlight=request.highlight)
    arguments = arguments_of(request, tables, after=after, offset=offset)
    began = perf_counter()
    counting = request.count_total or request.count_by_table
    if isinstance(connection, OtherStore):
        about = Scope(list(statement.slices), request.statuses, request.year, request.employed_on)
        slices = statement.slices.items()
        place = None if after is None else arguments[6:11]
        records = await connection.hits(
            request.query, about, slices, most=request.first + 1, after=place, offset=offset
        )
        counts = await connection.counts(request.query, about, most=COUNT_LIMIT + 1) if counting else []
    else:
        records = await connection.fetch(statement.sql, *arguments)
        counts = await connection.fetch(COUNTS, *arguments[:5], COUNT_LIMIT + 1) if counting else []
    took_ms = (perf_counter() - began) * 1000
    marker = highlight.Marker(request.query) if request.highlight else None
    bound_to = cache(partial(cursor.fingerprint, request))  # most callers ask for no cursor
    by_table = {BY_NUMBER[table].table: min(records, COUNT_LIMIT) for table, records in counts}
    return SearchPage(
        hits=[_hit(record, statement, bound_to, marker) for record in records[: request.first]],
        has_next=len(records) > request.first,
        has_previous=after is not None or offset > 0,
        took_ms=took_ms,
        total=sum(by_table.values()) if request.count_total else None,
        total_exact=all(records <= COUNT_LIMIT for _, records in counts),
        counts_by_table=by_table if request.count_by_table else {},
    )


def _hit(
    record: Sequence[Any], statement: Statement, bound_to: Callable[[], bytes], marker: highlight.Marker | None
) -> Hit:
    rank, older, moment, id_, table_number, score = record[:6]
    where, columns = statement.slices[table_number]
    row = FoundRow(zip(columns, record[where], strict=True))
    searchable = BY_NUMBER[table_number]
    place = cursor.Place(rank, older, moment, id_, table_number)
    highlights = () if marker is None else marker.highlights(row, searchable)
    return Hit(searchable.table, row, score, place, bound_to, highlights)
