"""Where rows from outside wait to be judged: a temporary table beside the real one, gone with the transaction."""

from collections.abc import Sequence

import asyncpg
from sqlalchemy import BigInteger, Column, ColumnElement, MetaData, Table, Text, UniqueConstraint, tuple_
from sqlalchemy.schema import CreateTable

from db.transfer.tables import sql


class Stage:
    """Staged rows of one table.

    The first column, `row_number`, is the row's number at its source. `compared` are the columns
    that an existing row is changed in where they differ; the others are for new rows only.
    """

    def __init__(self, target: Table, columns: Sequence[str], compared: Sequence[str]) -> None:
        self.target = target
        self.columns = tuple(columns)
        self.compared = tuple(column for column in compared if column != "id")
        # What identifies a row beside its id.
        self.natural_keys = [
            tuple(column.name for column in constraint.columns)
            for constraint in target.constraints
            if isinstance(constraint, UniqueConstraint)
        ]
        self.table = Table(
            f"stage_{target.name}",
            MetaData(),
            Column("row_number", BigInteger),
            *(Column(name, target.columns[name].type) for name in columns),
            *(Column(name, Text) for name in ("verdict", "fault_column", "fault_value", "fault_reason")),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def copied_columns(self) -> tuple[str, ...]:
        return ("row_number", *self.columns)

    async def create(self, connection: asyncpg.Connection) -> None:
        await connection.execute(sql(CreateTable(self.table)))

    def differs(self, names: Sequence[str]) -> ColumnElement[bool]:
        """Return whether a staged row and a row of the table differ in these columns."""
        here = tuple_(*(self.target.columns[name] for name in names))
        return here.is_distinct_from(tuple_(*(self.table.columns[name] for name in names)))

    def has_same(self, names: Sequence[str]) -> list[ColumnElement[bool]]:
        return [self.table.columns[name] == self.target.columns[name] for name in names]
