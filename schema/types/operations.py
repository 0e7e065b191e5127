"""How far something is that takes longer than a request."""

from datetime import datetime

import strawberry


@strawberry.type(description="Progress of a backup or a restore, sent on every change and closed when it ends.")
class OperationProgress:
    id: strawberry.ID = strawberry.field(description="The backup's or restore's `id`.")
    kind: str = strawberry.field(description="What is being done: 'backup', 'verify-backup' or 'restore'.")
    state: str = strawberry.field(
        description="QUEUED, RUNNING, SUCCEEDED or FAILED of what is done to a backup; a restore's RestoreState."
    )
    progress: float = strawberry.field(description="0 to 1.")
    message: str = strawberry.field(description="What is happening, in words; why, when it failed.")
    at: datetime = strawberry.field(description="When it changed to this.")
