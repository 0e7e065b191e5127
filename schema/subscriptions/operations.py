"""How far backups and restores are."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry

from db.errors import NotFoundError
from jobs import watching
from jobs.site import Site
from jobs.watching import Progress
from schema.context import Info
from schema.permissions import IsAdmin
from schema.types.node import key_of
from schema.types.operations import OperationProgress


@strawberry.type
class OperationSubscriptions:
    @strawberry.subscription(
        description=(
            "Progress of a backup or a restore: its present state at once, then every change, until it ends. "
            "Changes that follow each other within a fifth of a second are sent as one."
        ),
        permission_classes=[IsAdmin],
    )
    async def operation_progress(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The backup's or restore's `id`.")],  # noqa: A002 - the contract's name
    ) -> AsyncIterator[OperationProgress]:
        known = False
        async with aclosing(_follow(info.context.installation(), id)) as changes:
            async for change in changes:
                known = True
                yield OperationProgress(
                    id=id,
                    kind=change.kind,
                    state=change.state,
                    progress=change.progress,
                    message=change.message,
                    at=change.at,
                )
        if not known:
            raise NotFoundError("backup or restore", repr(id[:80]))


async def _follow(site: Site, node_id: str) -> AsyncGenerator[Progress]:
    """Follow what the id names; one without its table may be either."""
    for table, watch in (("backup", watching.watch_backup), ("restore", watching.watch_restore)):
        if (key := key_of(table, node_id)) is not None:
            async with aclosing(watch(site, key)) as changes:
                async for change in changes:
                    yield change
