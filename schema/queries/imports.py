"""Imports, and the report of one."""

from typing import Annotated

import strawberry

from db.transfer import imports
from schema.arguments import After, First
from schema.context import Info
from schema.paging import Place, number_in, require_size
from schema.permissions import IsAdmin
from schema.types.imports import DataImport, DataImportConnection, DataImportEdge
from schema.types.page import PageInfo

KEPT = "A list of imports needs"

ImportId = Annotated[strawberry.ID, strawberry.argument(description="The import's `id`.")]


@strawberry.type
class ImportQueries:
    @strawberry.field(description="What was moved in, newest first.", permission_classes=[IsAdmin])
    async def imports(self, info: Info, first: First = 20, after: After = None) -> DataImportConnection:
        info.context.engines.require_server(KEPT)
        require_size(first)
        before = imports.NO_BOUND if after is None else number_in(after)
        answer = await info.context.read(lambda connection: imports.newest(connection, first + 1, before=before))
        found = answer.value
        edges = [
            DataImportEdge(cursor=Place(row.started_at, str(row.number)).cursor, node=DataImport.of(row))
            for row in found[:first]
        ]
        return DataImportConnection(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of([edge.cursor for edge in edges], before=after is not None, after=len(found) > first),
        )

    @strawberry.field(
        description="The report of one import; null where there is none of this id.", permission_classes=[IsAdmin]
    )
    async def import_report(self, info: Info, id: ImportId) -> DataImport | None:  # noqa: A002 - as in `node`
        info.context.engines.require_server(KEPT)
        if "\x00" in id:
            return None
        row = (await info.context.read(lambda connection: imports.by_id(connection, id))).value
        return None if row is None else DataImport.of(row)
