"""Leaves imports and rollbacks in the audit log: that they were asked for, and what came of them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from db.control import Control, audit
from db.errors import AppError

IMPORT, ROLLBACK, EXPORT = "import-data", "rollback-import", "export-data"


@dataclass(slots=True)
class Outcome:
    """What the log is to say when the work has ended well."""

    details: dict[str, Any] = field(default_factory=dict[str, Any])
    refused: bool = False


@asynccontextmanager
async def audited(
    control: Control | None, action: str, subject: str, *, who: str, details: dict[str, Any] | None = None
) -> AsyncGenerator[Outcome]:
    """Note the work before it begins, so that none is missing whatever happens, and its outcome when it ends."""
    outcome = Outcome()

    async def note(result: str, said: dict[str, Any]) -> None:
        if control is not None:
            async with control.transaction() as session:
                await audit.record(session, who=who, action=action, subject=subject, result=result, details=said)

    await note(audit.REQUESTED, details or {})
    try:
        yield outcome
    except AppError as error:
        await note(audit.REFUSED, {"code": error.code, "reason": error.message[:500]})
        raise
    except BaseException as error:
        await note(audit.FAILED, {"reason": type(error).__name__})
        raise
    await note(audit.REFUSED if outcome.refused else audit.SUCCEEDED, outcome.details)
