"""What every resolver of one operation shares: who asks, the engines, how fresh an answer has to be."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from db import records
from db.control import audit
from db.control.audit import Origin
from db.engines import Answer, EngineRole, Engines
from db.errors import AppError, NotFoundError
from db.keys import KeyFile, KeyRing
from db.lsn import Lsn
from db.records import Connection
from jobs.access import Access
from jobs.health import Report
from jobs.monitoring.servers import Target, targets
from jobs.site import Site
from schema.feeds import AlertEvents, Feeds
from schema.personal import PersonalReads
from schema.plans import Plans
from schema.roles import Identity, Role

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]
Examine = Callable[[], Awaitable[Report]]
Charge = Callable[[int], None]

LONGEST_SUBJECT = 200


class NoInstallationError(AppError):
    """Backups, restores and alerts are those of an installation, and this server has none."""

    code = NotFoundError.code

    def __init__(self) -> None:
        super().__init__(
            "This server has no installation that it could look after.",
            hint="Start it by `yukyu up`, or by `yukyu serve --data-dir` with the directory of a running installation.",
        )


class Context:
    """One operation's context; its loaders live as long as it does.

    Args:
        engines: where reads go; resolvers use `read`.
        identity: who asks.
        examine: measures the health of the whole system.
        feeds: what can be followed.
        site: the installation that this server looks after, where there is one.
        after: the position the caller has seen; no answer is older.
        introspection: the role that may look at the schema; anybody may when it is None.
        keys: opens personal values that are encrypted.
        charge: is told what each operation costs before it runs, and may raise RateLimitedError.
        access: accounts, and the audit log.
        origin: where the operation comes from.
    """

    def __init__(  # noqa: PLR0913 - what the resolvers of an operation share
        self,
        engines: Engines,
        identity: Identity,
        *,
        examine: Examine,
        access: Access,
        origin: Origin,
        feeds: Feeds,
        site: Site | None = None,
        after: Lsn | None = None,
        introspection: Role | None = None,
        charge: Charge | None = None,
        keys: KeyFile | None = None,
    ) -> None:
        self.identity = identity
        self.examine = examine
        self.access = access
        self.origin = origin
        self.feeds = feeds
        self.site = site
        # 'query', 'mutation' or 'subscription', once the document was read.
        self.operation: str | None = None
        # What was worked out for the document before.
        self.plans = Plans()
        # How the hits that the document asks for are written; None where they are not.
        self.form: object | None = None  # a `schema.written.Form`
        self.introspection = introspection
        self.charge: Charge = charge or _free
        self.served_by: EngineRole | None = None
        # The least of the positions that this operation's answers are as fresh as.
        self.seen: Lsn | None = None
        self.engines = engines
        self._after = after
        self._keys = keys
        self._personal: PersonalReads | None = None

    @property
    def sees_personal(self) -> bool:
        return self.identity.has(Role.HR)

    def ring(self) -> KeyRing | None:
        """Return the keys as they are now.

        Raises:
            KeyRingError: they cannot be read.
        """
        return None if self._keys is None else self._keys.ring()

    def installation(self) -> Site:
        """Return what backups, restores and alerts are about.

        Raises:
            NoInstallationError: this server does not look after one.
        """
        if self.site is None:
            raise NoInstallationError
        return self.site

    def read_personal(self, fields: Iterable[str], records: Iterable[str]) -> None:
        """Remember that personal fields of these records, by their ids, are in the answer."""
        if self._personal is None:
            self._personal = PersonalReads()
        self._personal.add(fields, records)

    def tell_what_was_read(self, operation_name: str | None) -> None:
        """Put what personal fields the operation has read into the audit log, as one entry."""
        if self._personal is not None and self._personal.records:
            self.access.journal.note(
                who=self.identity.name,
                action="read-personal",
                subject=(operation_name or "")[:LONGEST_SUBJECT],
                result=audit.SUCCEEDED,
                origin=self.origin,
                details=self._personal.as_details(),
            )

    def servers(self) -> list[Target]:
        """Return the servers to measure: the installation's, or those that this process reads from.

        Raises:
            NeedsPostgresError: there are none, but a database file.
        """
        self.engines.require_server("Performance figures need")
        if self.site is not None:
            return targets(self.site.installation)
        return [Target(node.name, node.configured, node.url) for node in self.engines.nodes]

    def alert_feed(self) -> AlertEvents:
        """Return the alert feed.

        Raises:
            NoInstallationError: this server does not look after an installation.
        """
        if self.feeds.alerts is None:
            raise NoInstallationError
        return self.feeds.alerts

    async def read(self, work: Work[T]) -> Answer[T]:
        answer = await self.engines.read(work, after=self._after)
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


@dataclass(frozen=True, slots=True)
class Contexts:
    """What the contexts of all operations have in common."""

    engines: Engines
    examine: Examine
    feeds: Feeds
    access: Access
    site: Site | None = None
    introspection: Role | None = None
    keys: KeyFile | None = None

    def of(
        self, identity: Identity, *, origin: Origin, after: Lsn | None = None, charge: Charge | None = None
    ) -> Context:
        return Context(
            self.engines,
            identity,
            examine=self.examine,
            feeds=self.feeds,
            access=self.access,
            origin=origin,
            site=self.site,
            after=after,
            introspection=self.introspection,
            charge=charge,
            keys=self.keys,
        )


def _free(cost: int) -> None:
    """Charge nothing."""


Info = strawberry.Info[Context, None]
