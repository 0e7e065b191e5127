"""The audit log: who asked for what, when, and what came of it. Entries are added and never changed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import desc
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.tables import AuditEntry

# Results that operations have; a restore's are its states, and what was declined is 'refused'.
REQUESTED, SUCCEEDED, FAILED, REFUSED = "requested", "succeeded", "failed", "refused"


async def record(  # noqa: PLR0913 - the columns of an entry
    session: AsyncSession,
    *,
    who: str,
    action: str,
    subject: str,
    result: str,
    details: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> None:
    """Add an entry to the transaction that does what it tells of."""
    at = now or datetime.now(UTC)
    session.add(AuditEntry(at=at, who=who, action=action, subject=subject, result=result, details=dict(details or {})))
    await session.flush()


async def newest(session: AsyncSession, *, limit: int, subject: str | None = None) -> Sequence[AuditEntry]:
    """Return the last entries, newest first; with `subject` only those about it."""
    statement = select(AuditEntry).order_by(desc(col(AuditEntry.number))).limit(limit)
    if subject is not None:
        statement = statement.where(AuditEntry.subject == subject)
    return (await session.exec(statement)).all()
