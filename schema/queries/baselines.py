"""Baselines, and the present compared with one."""

from typing import Annotated

import strawberry

from db.errors import BadInputError
from jobs.baselines import taking
from schema.context import Info
from schema.costs import Cost
from schema.permissions import IsAdmin
from schema.types.baselines import TABLE, Baseline, BaselineComparison
from schema.types.node import key_of

MOST = 10

Last = Annotated[int, strawberry.argument(description=f"How many at most, 1 to {MOST}.")]
BaselineId = Annotated[
    strawberry.ID | None, strawberry.argument(description="The baseline's `id`; the newest when not given.")
]


@strawberry.type
class BaselineQueries:
    @strawberry.field(description="The baselines that are kept, newest first.", permission_classes=[IsAdmin])
    async def baselines(self, info: Info, last: Last = MOST) -> list[Baseline]:
        if not 1 <= last <= MOST:
            raise BadInputError(f"`last` is from 1 to {MOST}, not {last}.")
        return [Baseline.of(each) for each in await taking.listing(info.context.installation(), last=last)]

    @strawberry.field(
        description=(
            "The database now against a kept baseline; the newest when no id is given, and null where there is none."
        ),
        permission_classes=[IsAdmin],
        directives=[Cost(weight=200)],
    )
    async def compare_baseline(self, info: Info, id: BaselineId = None) -> BaselineComparison | None:  # noqa: A002 - the contract's name
        site = info.context.installation()
        comparison = await taking.compare(site, None if id is None else key_of(TABLE, id) or id)
        return None if comparison is None else BaselineComparison.of(comparison)
