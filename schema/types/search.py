"""What `search` takes and gives."""

from collections.abc import Container
from datetime import date
from typing import Any, Self

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.search import Highlight as FoundIn
from db.search import SearchPage, WrittenPage, cursor
from schema.costs import Cost
from schema.types.employees import TYPES, EmployeeRecord
from schema.types.enums import EmployeeTable, EngineRole
from schema.types.page import PageInfo
from schema.written import Form


@strawberry.input(description="Narrows a search to records that also meet all of these.")
class SearchFilter:
    statuses: list[str] | None = strawberry.field(
        default=None, description="Only records with one of these `status` values."
    )
    year: int | None = strawberry.field(
        default=None, description="Only `employees` records of this year; the other tables are not affected."
    )
    employed_on: date | None = strawberry.field(
        default=None,
        description="Only people employed on this date (hire date on or before it, leave date after it or absent).",
    )


@strawberry.type(description="A piece of a field's text that matched, or that stands between matches.")
class HighlightFragment:
    text: str = strawberry.field(description="The piece.")
    matched: bool = strawberry.field(description="Whether it is what was searched for.")


@strawberry.type(
    description="The field's text, cut where a match begins and ends: joined, the fragments are the whole text."
)
class Highlight:
    field: str = strawberry.field(description="The field of the record, by its name here.")
    fragments: list[HighlightFragment] = strawberry.field(
        description="The text in pieces, in order.", directives=[Cost(size=3)]
    )

    @classmethod
    def of(cls, found: FoundIn) -> Self:
        return cls(
            field=to_camel_case(found.field),
            fragments=[HighlightFragment(text=piece.text, matched=piece.matched) for piece in found.fragments],
        )


@strawberry.type(description="A record that matches, and how well.")
class SearchHit:
    record: EmployeeRecord = strawberry.field(description="The record.")
    score: float = strawberry.field(description="Relevance, comparable within one answer: higher is better, above 0.")
    highlights: list[Highlight] = strawberry.field(description="Where the record matches.", directives=[Cost(size=3)])


@strawberry.type(description="A hit and its place in the order.")
class SearchEdge:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this hit.")
    node: SearchHit = strawberry.field(description="The hit.")


@strawberry.type(description="How many records of one table match.")
class TableCount:
    table: EmployeeTable = strawberry.field(description="The table.")
    count: int = strawberry.field(description="Matching records in it, counted up to a limit.")


# A hit is a row that is found, ranked and fetched whole, however little of it is asked for.
HIT = Cost(item=10)


@strawberry.type(description="One page of hits, best first.")
class SearchConnection:
    edges: list[SearchEdge] = strawberry.field(description="The hits with their cursors.", directives=[HIT])
    nodes: list[SearchHit] = strawberry.field(description="The hits alone.", directives=[HIT])
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(
        description=(
            "How many records match in all, over the tables asked for; counted up to a limit, and only when selected."
        )
    )
    total_count_exact: bool = strawberry.field(description="False when counting stopped at the limit.")
    counts_by_table: list[TableCount] = strawberry.field(
        description="Matches in each table asked for.", directives=[Cost(size=4)]
    )
    served_by: EngineRole = strawberry.field(description="Which engine answered.")
    took_ms: float = strawberry.field(description="Time spent in the database.")

    @classmethod
    def written(cls, page: WrittenPage, form: Form, bound_to: bytes, *, served_by: EngineRole) -> Self:
        """Return a page whose hits are JSON already, for its document's plan alone.

        Raises:
            ValueError: something on it is nothing that JSON has.
        """
        nodes: Any
        edges: Any
        nodes, edges = form.lists(page, bound_to)
        ends = (*page.places[:1], *page.places[-1:])
        return cls(
            edges=edges,
            nodes=nodes,
            page_info=PageInfo.of(
                [cursor.encode(place, bound_to) for place in ends],
                before=page.has_previous,
                after=page.has_next,
            ),
            total_count=0,
            total_count_exact=True,
            counts_by_table=[],
            served_by=served_by,
            took_ms=page.took_ms,
        )

    @classmethod
    def of(cls, page: SearchPage, *, asked: Container[str], served_by: EngineRole, personal: bool) -> Self:
        """Return the page with what is `asked` for of its fields, by their names in GraphQL; the rest stays empty."""
        nodes = (
            [
                SearchHit(
                    record=TYPES[hit.table].of(hit.row, personal=personal),
                    score=hit.score,
                    highlights=[Highlight.of(found) for found in hit.highlights],
                )
                for hit in page.hits
            ]
            if "nodes" in asked or "edges" in asked
            else []
        )
        ends = [*page.hits[:1], *page.hits[-1:]] if "pageInfo" in asked else []
        return cls(
            edges=[SearchEdge(cursor=hit.cursor, node=node) for hit, node in zip(page.hits, nodes, strict=True)]
            if "edges" in asked
            else [],
            nodes=nodes,
            page_info=PageInfo.of([hit.cursor for hit in ends], before=page.has_previous, after=page.has_next),
            total_count=page.total or 0,
            total_count_exact=page.total_exact,
            counts_by_table=[TableCount(table=table, count=count) for table, count in page.counts_by_table.items()],
            served_by=served_by,
            took_ms=page.took_ms,
        )
