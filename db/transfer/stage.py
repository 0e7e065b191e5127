"""Where rows from outside wait to be judged: a temporary table beside the real one, gone with the transaction."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Self

import asyncpg
from sqlalchemy import BigInteger, Column, ColumnElement, MetaData, Table, Text, UniqueConstraint, and_, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import CreateTable

from db.transfer.tables import sql, writable_columns

# What becomes of a row that is taken; one without a verdict is new.
CHANGED, MOVED, SAME = "changed", "moved", "same"

# So many stages are remembered: files differ in which columns they have.
KNOWN = 64


class Stage:
    """Staged rows of one table.

    Its columns are all of the table's, after `row_number`, the row's number at its source. `stated` are those that come
    from there; `kept` are those that the source says nothing of: a row that is here already keeps what it has
    in them.
    """

    def __init__(self, target: Table, stated: tuple[str, ...], kept: tuple[str, ...]) -> None:
        self.target = target
        self.columns = writable_columns(target)
        self.kept = kept
        self.compared = tuple(name for name in self.columns if name != "id" and name not in kept)
        self.copied_columns = ("row_number", *stated)
        # What identifies a row beside its id.
        self.natural_keys = [
            tuple(column.name for column in constraint.columns)
            for constraint in target.constraints
            if isinstance(constraint, UniqueConstraint)
        ]
        # What is known of a row when it is joined with others: all that the planner needs to hear of.
        self.joined = tuple(dict.fromkeys(("id", *(name for key in self.natural_keys for name in key))))
        self.table = Table(
            f"stage_{target.name}",
            MetaData(),
            Column("row_number", BigInteger),
            *(Column(name, target.columns[name].type) for name in self.columns),
            *(Column(name, Text) for name in ("verdict", "fault_column", "fault_value", "fault_reason")),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )
        # Rows of the table as they were before they were changed or removed.
        self.before = Table(
            f"before_{target.name}",
            MetaData(),
            Column("id", Text),
            Column("before", JSONB),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )
        self._creating = tuple(sql(CreateTable(each)) for each in (self.table, self.before))

    @classmethod
    @lru_cache(maxsize=KNOWN)
    def of(cls, target: Table, stated: tuple[str, ...], kept: tuple[str, ...]) -> Self:
        """Return the stage of rows like these: the same again, so that its statements are written once."""
        return cls(target, stated, kept)

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def taken(self) -> ColumnElement[bool]:
        """Return whether a row has no fault."""
        return self.table.c.fault_reason.is_(None)

    @property
    def new(self) -> ColumnElement[bool]:
        """Return whether a row, once all were judged, is none that is here."""
        return and_(self.taken, self.table.c.verdict.is_(None))

    async def create(self, connection: asyncpg.Connection) -> None:
        for statement in self._creating:
            await connection.execute(statement)

    def differs(self, names: Sequence[str]) -> ColumnElement[bool]:
        """Return whether a staged row and a row of the table differ in these columns."""
        here = tuple_(*(self.target.columns[name] for name in names))
        return here.is_distinct_from(tuple_(*(self.table.columns[name] for name in names)))

    def has_same(self, names: Sequence[str]) -> list[ColumnElement[bool]]:
        return [self.table.columns[name] == self.target.columns[name] for name in names]
