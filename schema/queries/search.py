"""Search over the employee tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import strawberry

from db import search
from db.personal import opened_row
from db.search import FoundRow, SearchPage, SearchRequest, cursor
from schema.arguments import After, First
from schema.context import Context, Info
from schema.costs import Cost
from schema.permissions import IsViewer
from schema.selection import selected
from schema.types.employees import columns_of, personal_columns, personal_fields_of
from schema.types.enums import EmployeeTable
from schema.types.node import node_id
from schema.types.search import SearchConnection, SearchFilter
from schema.written import Form

EVERYBODY = SearchFilter()


@strawberry.type
class SearchQueries:
    @strawberry.field(
        description="Ranked search over the employee tables, best first.",
        permission_classes=[IsViewer],
        directives=[Cost(weight=50)],
    )
    async def search(  # noqa: PLR0913, PLR0917 - the contract's arguments
        self,
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="Names, kana, romaji, numbers, workplaces; 1 to 200 characters.")
        ],
        tables: Annotated[
            list[EmployeeTable] | None, strawberry.argument(description="Tables to search; all four when not given.")
        ] = None,
        filter: Annotated[  # noqa: A002 - the contract's name
            SearchFilter | None, strawberry.argument(description="Conditions the records must also meet.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> SearchConnection:
        context, narrowed = info.context, filter or EVERYBODY
        request = SearchRequest(
            query=query,
            tables=None if tables is None else tuple(tables),
            statuses=None if narrowed.statuses is None else tuple(narrowed.statuses),
            year=narrowed.year,
            employed_on=narrowed.employed_on,
            first=first,
            after=after,
        )
        if isinstance(context.form, Form) and (written := await _written(context, request, context.form)) is not None:
            return written
        wanted, personal = selected(info), context.sees_personal
        request = replace(
            request,
            count_total=not wanted.isdisjoint({"totalCount", "totalCountExact"}),
            count_by_table="countsByTable" in wanted,
            highlight=not wanted.isdisjoint({"nodes.highlights", "edges.node.highlights"}),
            columns=columns_of(info, personal=personal),
        )
        answer = await context.read(lambda connection: search.search(connection, request))
        asked = personal_fields_of(info) if personal else {}
        page = _opened(context, answer.value, asked) if asked else answer.value
        return SearchConnection.of(page, asked=wanted, served_by=answer.served_by, personal=bool(asked))

    @strawberry.field(
        description=(
            "Completions for a search box: names, workplaces and employee numbers that start with what was typed."
        ),
        permission_classes=[IsViewer],
    )
    async def suggest(
        self,
        info: Info,
        prefix: Annotated[str, strawberry.argument(description="What was typed so far; 1 to 200 characters.")],
        first: First = 8,
    ) -> list[str]:
        return (await info.context.read(lambda connection: search.suggest(connection, prefix, first))).value


async def _written(context: Context, request: SearchRequest, form: Form) -> SearchConnection | None:
    """Return the page as the database writes it; None where it does not."""
    answer = await context.read(lambda connection: search.search_written(connection, request, form.writing))
    if answer.value is None:
        return None
    bound_to = cursor.fingerprint(request) if form.placed else b""
    try:
        return SearchConnection.written(answer.value, form, bound_to, served_by=answer.served_by)
    except ValueError:
        return None


def _opened(context: Context, page: SearchPage, asked: Mapping[EmployeeTable, frozenset[str]]) -> SearchPage:
    """Return the page with those personal fields open that are asked for; which of which hits they are is noted."""
    for table, fields in asked.items():
        hits = [hit for hit in page.hits if hit.table == table]
        if hits:
            context.read_personal(fields, [node_id(table.lower(), hit.row["id"]) for hit in hits])
    ring = context.ring()
    wanted = {table: personal_columns(fields) for table, fields in asked.items()}
    hits = [
        hit._replace(row=FoundRow(opened_row(hit.table.lower(), hit.row, wanted.get(hit.table, ()), ring)))
        for hit in page.hits
    ]
    return replace(page, hits=hits)
