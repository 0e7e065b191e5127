"""What every resolver of one operation shares: who asks, the engines, how fresh an answer has to be."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from db import records
from db.engines import Answer, EngineRole, Engines
from db.lsn import Lsn
from db.records import Connection
from jobs.health import Report
from schema.roles import Identity, Role

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]
Examine = Callable[[], Awaitable[Report]]


class Context:
    """One operation's context; its loaders live as long as it does.

    Args:
        engines: where reads go.
        identity: who asks.
        examine: measures the health of the whole system.
        after: the position the caller has seen; no answer is older.
    """

    def __init__(self, engines: Engines, identity: Identity, *, examine: Examine, after: Lsn | None = None) -> None:
        self.identity = identity
        self.examine = examine
        self.served_by: EngineRole | None = None
        # The least of the positions that this operation's answers are as fresh as.
        self.seen: Lsn | None = None
        self._engines = engines
        self._after = after

    @property
    def sees_personal(self) -> bool:
        return self.identity.has(Role.HR)

    async def read(self, work: Work[T]) -> Answer[T]:
        answer = await self._engines.read(work, after=self._after)
        self.served_by = answer.served_by
        if answer.lsn is not None:
            self.seen = answer.lsn if self.seen is None else min(self.seen, answer.lsn)
        return answer

    @cached_property
    def usage_details(self) -> DataLoader[records.Account, list[records.Row]]:
        return self._loader(records.usage_details)

    @cached_property
    def leave_requests(self) -> DataLoader[records.Account, list[records.Row]]:
        return self._loader(records.leave_requests)

    def _loader(
        self, rows_of: Callable[[Connection, Sequence[records.Account]], Awaitable[list[list[records.Row]]]]
    ) -> DataLoader[records.Account, list[records.Row]]:
        async def load(accounts: list[records.Account]) -> list[list[records.Row]]:
            return (await self.read(lambda connection: rows_of(connection, accounts))).value

        return DataLoader(load_fn=load)


Info = strawberry.Info[Context, None]
