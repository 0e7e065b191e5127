"""The audit log: who asked for what, when, from where, and what came of it. Entries are added and never changed."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import desc, event, func, insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import chain
from db.control.tables import AuditEntry

# Results that operations have; a restore's are its states, and what was declined is 'refused'.
REQUESTED, SUCCEEDED, FAILED, REFUSED = "requested", "succeeded", "failed", "refused"

READ_AT_ONCE = 1_000


@dataclass(slots=True)
class Origin:
    """Where a request came from: its network address, and the id of its token."""

    address: str | None = None
    token: str | None = None
    # How many entries were made for it, and are there: those of a transaction that failed are not.
    entries: int = 0


_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


class asked_from:  # noqa: N801 - used as a function
    """Let every entry that is made in its block say where it came from, however deep below the request it is made."""

    __slots__ = ("_origin", "_restored")

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __enter__(self) -> Origin:
        self._restored = _origin.set(self._origin)
        return self._origin

    def __exit__(self, *_: object) -> None:
        _origin.reset(self._restored)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has its place in the chain."""

    at: datetime
    who: str
    action: str
    subject: str
    result: str
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    address: str | None = None
    token: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {each: getattr(self, each) for each in self.__slots__}  # asdict() would copy what is in `details`

    def at_moment(self, at: datetime, details: dict[str, Any]) -> "Draft":
        return replace(self, at=at, details=details)


async def record(  # noqa: PLR0913 - the columns of an entry
    session: AsyncSession,
    *,
    who: str,
    action: str,
    subject: str,
    result: str,
    details: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    origin: Origin | None = None,
) -> None:
    """Add an entry to the transaction that does what it tells of.

    It came from `origin`, else from the request that is being answered, else from nowhere in particular.
    """
    origin = origin or _origin.get() or Origin()
    at = now or datetime.now(UTC)
    draft = Draft(at, who, action, subject, result, dict(details or {}), origin.address, origin.token)
    await record_all(session, [draft])

    def kept(_: object) -> None:
        origin.entries += 1

    event.listen(session.sync_session, "after_commit", kept, once=True)


async def record_all(session: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Add entries to the end of the chain, in this order."""
    newest = select(AuditEntry.number, AuditEntry.hash).order_by(desc(col(AuditEntry.number))).limit(1)
    last, previous = (await session.exec(newest)).first() or (0, chain.GENESIS)
    rows: list[dict[str, Any]] = []
    for number, draft in enumerate(drafts, start=(last or 0) + 1):
        written = {key: _storable(value) if isinstance(value, str) else value for key, value in draft.as_dict().items()}
        values: dict[str, Any] = written | {"number": number}
        previous = chain.hash_of(values, previous)
        rows.append(values | {"hash": previous})
    if rows:  # as plain rows: making an object of each would hold up all requests for 0.2 s at 500 entries
        await (await session.connection()).execute(insert(AuditEntry), rows)


async def newest(  # noqa: PLR0913 - one a column
    session: AsyncSession,
    *,
    limit: int,
    before: int | None = None,
    who: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    result: str | None = None,
) -> Sequence[AuditEntry]:
    """Return the last entries, newest first; those with a number below `before`, and those alone that match."""
    statement = select(AuditEntry).order_by(desc(col(AuditEntry.number))).limit(limit)
    if before is not None:
        statement = statement.where(col(AuditEntry.number) < before)
    wanted = {AuditEntry.who: who, AuditEntry.action: action, AuditEntry.subject: subject, AuditEntry.result: result}
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(col(column) == value)
    return (await session.exec(statement)).all()


async def count(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(AuditEntry))).one()


async def oldest_first(session: AsyncSession) -> AsyncGenerator[AuditEntry]:
    """Yield all entries in their order, few at a time."""
    last = 0
    while True:
        statement = (
            select(AuditEntry).where(col(AuditEntry.number) > last).order_by(col(AuditEntry.number)).limit(READ_AT_ONCE)
        )
        entries = (await session.exec(statement)).all()
        for entry in entries:
            yield entry
        if len(entries) < READ_AT_ONCE:
            return
        last = entries[-1].number or 0
        session.expunge_all()


def hash_of(entry: AuditEntry, previous: str) -> str:
    """Return the hash that an entry should have."""
    return chain.hash_of(entry.model_dump(include=set(chain.MEMBERS)), previous)


def _storable(text: str) -> str:
    """Return text that a database takes, whatever somebody has typed."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
