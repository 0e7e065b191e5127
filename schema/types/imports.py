"""Imports as admins see them: counts and reasons, and no values, which may be personal."""

from datetime import datetime
from typing import Any, Self

import strawberry

from db import transfer
from schema.costs import Cost
from schema.types.page import PageInfo


@strawberry.type(description="Why a row was not taken. Its value is in the rejects file alone, for it may be personal.")
class ImportProblem:
    place: str = strawberry.field(description="Where the row stands in the source, such as 'row 7'.")
    record_id: str | None = strawberry.field(description="The row's id, as the source has it.")
    column: str | None = strawberry.field(description="The column, or several that contradict each other.")
    reason: str = strawberry.field(description="What is wrong with it.")

    @classmethod
    def of(cls, problem: dict[str, Any]) -> Self:
        return cls(place=problem["place"], record_id=problem["id"], column=problem["column"], reason=problem["reason"])


@strawberry.type(description="What became of the rows of one table.")
class ImportedTable:
    table: str = strawberry.field(description="The table's name.")
    read: int = strawberry.field(description="Rows in the source.")
    inserted: int = strawberry.field(description="Rows that were new.")
    updated: int = strawberry.field(description="Rows that were changed.")
    unchanged: int = strawberry.field(description="Rows that were here already, the same.")
    rejected: int = strawberry.field(description="Rows that could not be taken.")
    unknown_columns: list[str] = strawberry.field(
        description="Columns of the source that were left.", directives=[Cost(size=3)]
    )
    problems: list[ImportProblem] = strawberry.field(
        description="Why rows could not be taken: the first hundred problems.", directives=[Cost(size=10)]
    )

    @classmethod
    def of(cls, name: str, table: dict[str, Any]) -> Self:
        return cls(
            table=name,
            read=table["read"],
            inserted=table["inserted"],
            updated=table["updated"],
            unchanged=table["unchanged"],
            rejected=table["rejected"],
            unknown_columns=table["unknown_columns"],
            problems=[ImportProblem.of(problem) for problem in table["rejects"]],
        )


@strawberry.type(description="Rows that were moved in, by `yukyu data import` or `import-excel`.")
class DataImport:
    id: strawberry.ID = strawberry.field(description="What `yukyu data rollback` takes.")
    kind: str = strawberry.field(description="What it was read from: 'sqlite', 'dump' or 'workbook'.")
    source: str = strawberry.field(description="The name of the file or directory.")
    imported_by: str = strawberry.field(description="Who imported.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime = strawberry.field(description="When its rows were written.")
    tables: list[ImportedTable] = strawberry.field(description="Each table of the source.", directives=[Cost(size=6)])
    unknown_tables: list[str] = strawberry.field(
        description="Tables of the source that were left.", directives=[Cost(size=3)]
    )
    pending_tables: list[str] = strawberry.field(
        description="Tables whose rows did not come in, for the import was broken off while it was being kept: another "
        "import of the same brings them in.",
        directives=[Cost(size=3)],
    )
    rolled_back_at: datetime | None = strawberry.field(description="When it was taken back; null if it was not.")
    rolled_back_by: str | None = strawberry.field(description="Who took it back.")
    can_be_rolled_back: bool = strawberry.field(
        description="Whether what it changed is still known; later changes of its rows may be in the way."
    )

    @classmethod
    def of(cls, row: transfer.Import) -> Self:
        report = row.report
        return cls(
            id=strawberry.ID(row.id),
            kind=row.kind,
            source=row.source,
            imported_by=row.imported_by,
            started_at=row.started_at,
            finished_at=row.finished_at,
            tables=[ImportedTable.of(name, table) for name, table in report["tables"].items()],
            unknown_tables=report["unknown_tables"],
            pending_tables=report.get("pending_tables", []),
            rolled_back_at=row.rolled_back_at,
            rolled_back_by=row.rolled_back_by,
            can_be_rolled_back=row.rolled_back_at is None and row.journal_dropped_at is None,
        )


@strawberry.type(description="An import and its place in the order.")
class DataImportEdge:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this import.")
    node: DataImport = strawberry.field(description="The import.")


@strawberry.type(description="A page of the imports, newest first.")
class DataImportConnection:
    edges: list[DataImportEdge] = strawberry.field(description="The imports with their cursors.")
    nodes: list[DataImport] = strawberry.field(description="The imports alone.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
