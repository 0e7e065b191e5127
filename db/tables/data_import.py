"""What imports have done: one row an import, and what each row that it wrote was before."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from db.tables import columns


class DataImport(columns.Row, table=True):
    """An import, as it was told when it ended. Its id is the day and time at which it began, and four letters."""

    __tablename__ = "data_imports"
    __table_args__ = (columns.not_blank("id"), Index(None, "id", unique=True))

    number: int = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    id: str = columns.required_text()
    # 'sqlite', 'dump' or 'workbook'.
    kind: str = columns.required_text()
    source: str = columns.required_text()
    imported_by: str = columns.required_text()
    started_at: datetime = columns.moment()
    finished_at: datetime = columns.moment()
    # The schema that its journal fits.
    revision: str = columns.required_text()
    report: dict[str, Any] = Field(nullable=False, sa_type=JSONB)
    rolled_back_at: datetime | None = columns.optional_moment()
    rolled_back_by: str | None = columns.optional_text()
    # When what it takes to roll it back was given up; None while it is there.
    journal_dropped_at: datetime | None = columns.optional_moment()


# No key: it is written once, a row for each that was written, and read and removed an import at a time.
CHANGES = Table(
    "data_import_changes",
    columns.METADATA,
    Column("import_number", BigInteger, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("row_id", Text, nullable=False),
    # The row as it was; none where there was none.
    Column("before", JSONB),
    # SHA-256 of the row as the import left it; none where it took the row away.
    Column("after_digest", LargeBinary),
    Index(None, "import_number"),
)
