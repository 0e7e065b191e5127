"""The audit log."""

from typing import Annotated

import strawberry

from db.control import audit
from schema.arguments import After, First
from schema.context import Info
from schema.paging import Place, number_in, require_size
from schema.permissions import IsAdmin
from schema.types.audit import AuditConnection, AuditEdge, AuditEntry
from schema.types.page import PageInfo


@strawberry.input(description="Narrows the audit log to entries that are all of these.")
class AuditFilter:
    who: str | None = strawberry.field(default=None, description="Done by this one.")
    action: str | None = strawberry.field(default=None, description="Of this action, such as 'login'.")
    subject: str | None = strawberry.field(default=None, description="About this.")
    result: str | None = strawberry.field(default=None, description="With this result, such as 'refused'.")


@strawberry.type
class AuditQueries:
    @strawberry.field(description="The audit log, newest first.", permission_classes=[IsAdmin])
    async def audit_log(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Annotated[  # noqa: A002 - as in `search`
            AuditFilter | None, strawberry.argument(description="Conditions the entries must meet.")
        ] = None,
    ) -> AuditConnection:
        require_size(first)
        wanted, seen = filter or AuditFilter(), None if after is None else number_in(after)
        async with info.context.access.store().reading() as session:
            found = await audit.newest(
                session,
                limit=first + 1,
                before=seen,
                who=wanted.who,
                action=wanted.action,
                subject=wanted.subject,
                result=wanted.result,
            )
        edges = [
            AuditEdge(cursor=Place(row.at, str(row.number)).cursor, node=AuditEntry.of(row)) for row in found[:first]
        ]
        return AuditConnection(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo.of([edge.cursor for edge in edges], before=seen is not None, after=len(found) > first),
        )
