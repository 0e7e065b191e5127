"""Writes staged rows into their table, where they differ from what is there.

Every statement is made from the table's declaration, so that a new column or a new constraint needs nothing here.
The tables are locked by `writing`: nobody can come between a judgement and the write that relies on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import asyncpg
from sqlalchemy import ColumnElement, Insert, Table, Update, case, delete, func, insert, literal, or_, select, update

from db.transfer import changes, images, judgements
from db.transfer.stage import CHANGED, KNOWN, MOVED, SAME, Stage
from db.transfer.tables import sql

# Joins of a stage with its table stay in memory for as long as rows are in the hundreds of thousands.
MEMORY = "SET LOCAL work_mem = '128MB'"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A staged row that was not written, and why."""

    row: int
    id: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    inserted: int
    updated: int
    unchanged: int
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class _Statements:
    """What merges a stage: rows are judged, those that are here written over, new ones put in, and all of it noted.

    Those that note take the import's number.
    """

    writing: tuple[str, ...]
    noting: tuple[str, ...]
    verdicts: str
    rejected: str

    @classmethod
    @lru_cache(maxsize=KNOWN)
    def of(cls, stage: Stage) -> "_Statements":
        return cls(
            (*_fill_kept(stage), *judgements.of(stage), *_writes(stage)),
            tuple(_notes(stage)),
            _verdicts(stage),
            _rejected(stage.table),
        )


async def merge(connection: asyncpg.Connection, stage: Stage, number: int) -> Merged:
    """Write what can be written; rows that break a rule or stand in each other's way come back with their reasons.

    Every row that was written is noted in the journal of the import with this number.
    """
    await connection.execute(MEMORY)
    await connection.execute(images.ALIKE)
    await connection.execute(f"ANALYZE {stage.name} ({', '.join(stage.joined)})")
    statements = _Statements.of(stage)
    for statement in statements.writing:
        await connection.execute(statement)
    for statement in statements.noting:
        await connection.execute(statement, number)
    counts = dict(await connection.fetch(statements.verdicts))
    rejected = [Rejected(*row) for row in await connection.fetch(statements.rejected)]
    updated = counts.get(CHANGED, 0) + counts.get(MOVED, 0)
    return Merged(counts.get(None, 0), updated, counts.get(SAME, 0), rejected)


def _fill_kept(stage: Stage) -> Iterator[str]:
    """Yield statements that take what the source does not say from the row that is here; the same id counts most."""
    if not stage.kept:
        return
    for key in (*stage.natural_keys, ("id",)):
        here = {name: stage.target.columns[name] for name in stage.kept}
        yield sql(update(stage.table).where(*stage.has_same(key)).values(here))


def _writes(stage: Stage) -> Iterator[str]:
    """Yield the statements that write over what is here, in this order.

    A row of ours with the same id is the same row, even when its employee's date has changed: it has moved, and
    goes before anything comes into its place. One with another id but the same employee and date
    is the same row too, and keeps the id it has here.
    """
    staged, target = stage.table, stage.target
    yield sql(_judge_by_id(stage))
    for key in stage.natural_keys:
        yield sql(_remember(stage, MOVED))
        yield sql(delete(target).where(target.c.id == staged.c.id, staged.c.verdict == MOVED))
        yield sql(_adopt_id(stage, key))
    yield sql(_remember(stage, CHANGED))
    yield sql(
        update(target)
        .where(target.c.id == staged.c.id, staged.c.verdict == CHANGED)
        .values({name: staged.columns[name] for name in stage.compared})
    )


def _notes(stage: Stage) -> Iterator[str]:
    """Yield the statements that put in what is new or has moved, and note each row that was written."""
    staged = stage.table
    columns = [staged.columns[name] for name in stage.columns]
    coming = select(*columns).where(or_(stage.new, staged.c.verdict == MOVED)).order_by(staged.c.row_number)
    yield sql(changes.noted(stage, insert(stage.target).from_select(stage.columns, coming)))
    yield sql(changes.others(stage))


def _remember(stage: Stage, verdict: str) -> Insert:
    """Keep what the rows are before they are written over."""
    staged, target = stage.table, stage.target
    rows = select(target.c.id, images.whole(target, stage.columns)).where(
        target.c.id == staged.c.id, staged.c.verdict == verdict
    )
    return insert(stage.before).from_select(["id", "before"], rows)


def _judge_by_id(stage: Stage) -> Update:
    staged, target = stage.table, stage.target
    moved = [(stage.differs(key), literal(MOVED)) for key in stage.natural_keys]
    return (
        update(staged)
        .where(staged.c.fault_reason.is_(None), staged.c.id == target.c.id)
        .values(verdict=case(*moved, *_changed(stage), else_=literal(SAME)))
    )


def _adopt_id(stage: Stage, key: tuple[str, ...]) -> Update:
    staged = stage.table
    unplaced = or_(staged.c.verdict.is_(None), staged.c.verdict == MOVED)
    return (
        update(staged)
        .where(staged.c.fault_reason.is_(None), unplaced, *stage.has_same(key))
        .values(id=stage.target.c.id, verdict=case(*_changed(stage), else_=literal(SAME)))
    )


def _changed(stage: Stage) -> list[tuple[ColumnElement[bool], ColumnElement[str]]]:
    return [(stage.differs(stage.compared), literal(CHANGED))]


def _verdicts(stage: Stage) -> str:
    staged = stage.table
    return sql(select(staged.c.verdict, func.count()).where(stage.taken).group_by(staged.c.verdict))


def _rejected(staged: Table) -> str:
    faults = (staged.c.row_number, staged.c.id, staged.c.fault_column, staged.c.fault_value, staged.c.fault_reason)
    return sql(select(*faults).where(staged.c.fault_reason.is_not(None)).order_by(staged.c.row_number))
