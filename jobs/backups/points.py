"""Restore points: names for moments, given before something risky is done."""

from dataclasses import dataclass
from datetime import datetime

from filelock import AsyncFileLock

from db.backups import statements
from db.control import audit
from db.errors import BadInputError, DatabaseUnavailableError
from db.repository import marks
from jobs.backups.primary import asked
from jobs.site import Site

# PostgreSQL's own limit, in bytes.
LONGEST = 63
ACTION = "restore-point"
NAMING = "points.lock"


@dataclass(frozen=True)
class RestorePoint:
    name: str
    lsn: str
    created_at: datetime


async def create_restore_point(site: Site, name: str, *, by: str) -> RestorePoint:
    """Name the present moment, so that a restore can go back to it.

    Raises:
        BadInputError: the name is unsuitable, or taken: recovery would stop at the first of two.
        DatabaseUnavailableError: the primary does not answer.
        NeedsPostgresError: the database is a file.
    """
    site.require_server("Restore points need")
    _require_suitable(name)
    incarnation = site.incarnation()
    if incarnation is None:
        raise DatabaseUnavailableError("There is no database yet.", hint="Start one with `yukyu up`.")
    # One at a time, whichever process it is, so that no name is given twice.
    async with AsyncFileLock(incarnation.root / NAMING):
        if any(point.name == name for point in marks.points(incarnation)):
            raise BadInputError(f"There is a restore point {name} already.", hint="Choose another name.")
        async with asked(site) as connection:
            lsn, timeline, at = await statements.create_restore_point(connection, name)
        marks.append(incarnation, marks.Mark(at, timeline, lsn, "point", name))
    async with site.control.transaction() as session:
        await audit.record(
            session, who=by, action=ACTION, subject=name, result=audit.SUCCEEDED, details={"lsn": str(lsn)}
        )
    return RestorePoint(name, str(lsn), at)


def _require_suitable(name: str) -> None:
    if not name.strip() or not name.isprintable() or len(name.encode()) > LONGEST:
        raise BadInputError(
            f"The name of a restore point has 1 to {LONGEST} bytes and no control characters.",
            hint="Choose another name, such as before-march-import.",
        )
