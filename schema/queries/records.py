"""Who asks, and any object by its id."""

from typing import Annotated

import strawberry

from db import records
from db.errors import NotFoundError
from db.personal import opened_row
from jobs import restores
from jobs.alerts import attending, silencing
from jobs.baselines import taking
from schema.context import Context, Info
from schema.costs import Cost
from schema.permissions import Anybody, IsViewer
from schema.queries.backups import known_backups
from schema.roles import Role
from schema.types import alerts as alert_types
from schema.types import backups as backup_types
from schema.types import baselines as baseline_types
from schema.types import restores as restore_types
from schema.types.alerts import Alert, Silence
from schema.types.backups import Backup
from schema.types.baselines import Baseline
from schema.types.employees import TYPES, personal_columns, personal_fields_of
from schema.types.enums import EmployeeTable
from schema.types.leave import LeaveRequest, UsageDetail
from schema.types.node import Node, parse_node_id
from schema.types.restores import RestoreRun
from schema.types.viewer import Viewer


@strawberry.type
class RecordQueries:
    @strawberry.field(
        description="Whoever is asking; needs no role.", permission_classes=[Anybody], directives=[Cost(weight=1)]
    )
    def me(self, info: Info) -> Viewer:
        return Viewer.of(info.context.identity)

    @strawberry.field(
        description=(
            "An object by its id; null where there is none, and for who is no admin where it is about the machine: "
            "a backup, a restore, a baseline, an alert, a silence."
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
        if table in OF_INSTALLATION:
            return await _of_installation(info.context, table, key)
        answer = await info.context.read(lambda connection: records.by_key(connection, table, key))
        row, context = answer.value, info.context
        if row is not None and context.sees_personal:
            read = {table.lower(): fields for table, fields in personal_fields_of(info).items()}.get(table, frozenset())
            if read:
                context.read_personal(read, [id])
            row = opened_row(table, row, personal_columns(read), context.ring())
        return None if row is None else _node_of(table, row, personal=context.sees_personal)


OF_INSTALLATION = (
    backup_types.TABLE,
    restore_types.TABLE,
    baseline_types.TABLE,
    alert_types.TABLE,
    alert_types.SILENCES,
)


async def _of_installation(context: Context, table: str, key: str) -> Node | None:
    site = context.site
    if site is None or not context.identity.has(Role.ADMIN):
        return None
    if table == alert_types.TABLE:
        alert = await attending.by_id(site, key)
        return None if alert is None else Alert.of(alert, site.rulebook)
    if table == alert_types.SILENCES:
        silence = await silencing.by_id(site, key)
        return None if silence is None else Silence.of(silence)
    if table == baseline_types.TABLE:
        baseline = await taking.by_id(site, key)
        return None if baseline is None else Baseline.of(baseline)
    known = await known_backups(site)
    if table == backup_types.TABLE:
        return Backup.of(known[key], known) if key in known else None
    run = await restores.by_id(site, key)
    return None if run is None else RestoreRun.of(run, known)


def _node_of(table: str, row: records.Row, *, personal: bool) -> Node:
    match table:
        case "yukyu_usage_details":
            return UsageDetail.of(row)
        case "leave_requests":
            return LeaveRequest.of(row)
        case _:
            return TYPES[EmployeeTable(table.upper())].of(row, personal=personal)
