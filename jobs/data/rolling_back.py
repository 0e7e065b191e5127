"""Takes an import back: every row that it wrote becomes what it was before."""

from collections.abc import Sequence
from datetime import datetime

from db import migrations, transfer
from db.errors import AppError, NotFoundError
from db.transfer import Later, Undone, imports, undoing

# Rows that a refusal names.
NAMED = 20


class RollbackRefusedError(AppError):
    """An import that cannot be taken back, and why; nothing was changed."""

    code = "BAD_USER_INPUT"


def _lost(id_: str, rows: Sequence[Later], later: Sequence[str]) -> RollbackRefusedError:
    shown = "; ".join(str(row) for row in rows[:NAMED])
    more = "; and more" if len(rows) > NAMED else ""
    if later:
        hint = f"Roll back the import that came later first: yukyu data rollback {later[0]}"
    else:
        hint = "Put these rows right by hand, or restore the database to a moment before: docs/migration.md."
    return RollbackRefusedError(
        f"Import {id_} was not rolled back, for later changes would be lost: {shown}{more}.", hint=hint
    )


async def known(connection: transfer.Writer, id_: str) -> transfer.Import:
    """Return an import.

    Raises:
        NotFoundError: there is no such import.
    """
    found = await imports.by_id(connection, id_)
    if found is None:
        raise NotFoundError("import", id_)
    return found


async def roll_back(url: str, id_: str, *, by: str, now: datetime) -> dict[str, Undone]:
    """Put back what an import changed, in one transaction, and return how many rows of each table that were.

    Raises:
        NotFoundError: there is no such import.
        RollbackRefusedError: it was rolled back before, its journal is gone, the schema is another, or rows that it
            wrote have been changed since.
    """
    async with transfer.writing(url) as connection:
        found = await known(connection, id_)
        _require_possible(found, await transfer.revision_of(connection))
        later = await undoing.changed_later(connection, found.number, most=NAMED + 1)
        if later:
            raise _lost(id_, later, await undoing.later_imports(connection, found.number, later))
        undone = await undoing.undo(connection, found.number)
        await connection.execute(undoing.ROLLED_BACK, found.number, now, by)
    if undone:
        await transfer.tidy(url)
    return undone


def _require_possible(found: transfer.Import, revision: str) -> None:
    if found.rolled_back_at is not None:
        raise RollbackRefusedError(
            f"Import {found.id} was rolled back already, on {found.rolled_back_at:%Y-%m-%d %H:%M:%S} UTC by "
            f"{found.rolled_back_by}. Nothing was changed.",
            hint="Import the file again to have its rows back.",
        )
    if found.journal_dropped_at is not None:
        raise RollbackRefusedError(
            f"What import {found.id} changed is no longer known: it was given up on "
            f"{found.journal_dropped_at:%Y-%m-%d}, for the newest {transfer.KEPT_IMPORTS} imports of the last "
            f"{transfer.KEPT_DAYS} days alone can be rolled back. Nothing was changed.",
            hint="Restore the database to a moment before the import, if it lies in the backups' window.",
        )
    if found.revision != revision:
        raise RollbackRefusedError(
            f"Import {found.id} was made at schema revision {found.revision}, and the database is at {revision} now. "
            "Nothing was changed.",
            hint=f"Go back first: yukyu db downgrade {found.revision}"
            if migrations.knows(found.revision)
            else "Use the version that imported it.",
        )
