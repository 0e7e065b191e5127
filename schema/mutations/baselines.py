"""Taking baselines."""

from typing import Annotated

import strawberry

from jobs.baselines import taking
from schema.context import Info
from schema.permissions import IsAdmin
from schema.types.baselines import Baseline

Label = Annotated[
    str | None, strawberry.argument(description="What it is taken for; one line of at most 100 characters.")
]


@strawberry.type
class BaselineMutations:
    @strawberry.mutation(
        description=(
            "Take a baseline of the last hour, or of as much of it as was measured, and keep it; the last ten are kept."
        ),
        permission_classes=[IsAdmin],
    )
    async def create_baseline(self, info: Info, label: Label = None) -> Baseline:
        site = info.context.installation()
        return Baseline.of(await taking.create(site, label, by=info.context.identity.name))
