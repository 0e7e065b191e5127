"""What each row of an import was before and is after it, as the journal keeps it: statements made of declarations.

The import's number is their parameter.
"""

from sqlalchemy import BigInteger, ColumnElement, Insert, Text, case, insert, literal, literal_column, or_, select

from db.tables.data_import import CHANGES
from db.transfer import images
from db.transfer.stage import MOVED, Stage

_NUMBER = literal_column("$1::bigint", BigInteger)
_COLUMNS = [column.name for column in CHANGES.columns]


def noted(stage: Stage, inserting: Insert) -> Insert:
    """Return a statement that inserts rows and notes them in one go: their digests are of what was stored."""
    before = stage.before
    written = inserting.returning(stage.target.c.id, images.digest(stage.target, stage.columns).label("digest")).cte(
        "written"
    )
    rows = select(*_of(stage), written.c.id, before.c.before, written.c.digest).select_from(
        written.outerjoin(before, before.c.id == written.c.id)
    )
    return insert(CHANGES).from_select(_COLUMNS, rows)


def others(stage: Stage) -> Insert:
    """Return what notes the rows that were changed where they are, or have gone."""
    staged, before, target = stage.table, stage.before, stage.target
    inserted = select(staged.c.id).where(staged.c.id == before.c.id, or_(stage.new, staged.c.verdict == MOVED)).exists()
    after = case((target.c.id.is_not(None), images.digest(target, stage.columns)))
    rows = (
        select(*_of(stage), before.c.id, before.c.before, after)
        .select_from(before.outerjoin(target, target.c.id == before.c.id))
        .where(~inserted)
    )
    return insert(CHANGES).from_select(_COLUMNS, rows)


def _of(stage: Stage) -> tuple[ColumnElement[int], ColumnElement[str]]:
    return _NUMBER, literal(stage.target.name, Text)
