"""What people do about alerts."""

from typing import Annotated

import strawberry

from jobs.alerts import attending, silencing
from schema.context import Info
from schema.permissions import IsAdmin
from schema.types import alerts as types
from schema.types.alerts import Alert, Silence, SilenceInput
from schema.types.node import key_of


@strawberry.type
class AlertMutations:
    @strawberry.mutation(
        description="Say that somebody looks after a firing alert, so that it is not told again.",
        permission_classes=[IsAdmin],
    )
    async def acknowledge_alert(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The alert's `id`.")],  # noqa: A002 - the contract's name
    ) -> Alert:
        site = info.context.installation()
        key = key_of(types.TABLE, id) or id
        return Alert.of(await attending.acknowledge(site, key, by=info.context.identity.name), site.rulebook)

    @strawberry.mutation(
        description="Let nobody be told of a rule's alerts for a time; they are seen and kept all the same.",
        permission_classes=[IsAdmin],
    )
    async def silence_alert(
        self,
        info: Info,
        input: Annotated[SilenceInput, strawberry.argument(description="What to silence, until when, and why.")],  # noqa: A002 - the contract's name
    ) -> Silence:
        made = await silencing.silence(
            info.context.installation(),
            rule_key=input.rule_key,
            subject=input.subject,
            until=input.until,
            reason=input.reason,
            by=info.context.identity.name,
        )
        return Silence.of(made)

    @strawberry.mutation(
        description="End a silence now; what fired meanwhile and still does is told.", permission_classes=[IsAdmin]
    )
    async def end_silence(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The silence's `id`.")],  # noqa: A002 - as elsewhere
    ) -> Silence:
        key = key_of(types.SILENCES, id) or id
        return Silence.of(await silencing.end(info.context.installation(), key, by=info.context.identity.name))
