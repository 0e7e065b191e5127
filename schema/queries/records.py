"""Who asks, and any object by its id."""

from typing import Annotated

import strawberry

from db import records
from db.errors import NotFoundError
from jobs import restores
from schema.context import Context, Info
from schema.permissions import Anybody, IsViewer
from schema.queries.backups import known_backups
from schema.roles import Role
from schema.types import backups as backup_types
from schema.types import restores as restore_types
from schema.types.backups import Backup
from schema.types.employees import TYPES, personal_fields_of
from schema.types.enums import EmployeeTable
from schema.types.leave import LeaveRequest, UsageDetail
from schema.types.node import Node, parse_node_id
from schema.types.restores import RestoreRun
from schema.types.viewer import Viewer


@strawberry.type
class RecordQueries:
    @strawberry.field(description="Whoever is asking; needs no role.", permission_classes=[Anybody])
    def me(self, info: Info) -> Viewer:
        return Viewer.of(info.context.identity)

    @strawberry.field(
        description=(
            "An object by its id; null where there is none, and for who is no admin where it is a backup or a restore."
        ),
        permission_classes=[IsViewer],
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The object's `id`.")],  # noqa: A002 - the contract's name
    ) -> Node | None:
        try:
            table, key = parse_node_id(id)
        except NotFoundError:
            return None
        if table in (backup_types.TABLE, restore_types.TABLE):
            return await _of_installation(info.context, table, key)
        answer = await info.context.read(lambda connection: records.by_key(connection, table, key))
        row, context = answer.value, info.context
        if row is not None and context.sees_personal:
            read = {table.lower(): fields for table, fields in personal_fields_of(info).items()}
            if table in read:
                context.read_personal(read[table], [id])
        return None if row is None else _node_of(table, row, personal=context.sees_personal)


async def _of_installation(context: Context, table: str, key: str) -> Node | None:
    if context.site is None or not context.identity.has(Role.ADMIN):
        return None
    known = await known_backups(context.site)
    if table == backup_types.TABLE:
        return Backup.of(known[key], known) if key in known else None
    run = await restores.by_id(context.site, key)
    return None if run is None else RestoreRun.of(run, known)


def _node_of(table: str, row: records.Row, *, personal: bool) -> Node:
    match table:
        case "yukyu_usage_details":
            return UsageDetail.of(row)
        case "leave_requests":
            return LeaveRequest.of(row)
        case _:
            return TYPES[EmployeeTable(table.upper())].of(row, personal=personal)
