"""Moves many rows at once into the six tables: by COPY, in one transaction that lets readers go on."""

from db.transfer.copying import Rows, TableRow, copy
from db.transfer.indexes import set_aside
from db.transfer.merging import Merged, Rejected, merge
from db.transfer.stage import Stage
from db.transfer.tables import TABLES, count, table_of, truncate, writable_columns
from db.transfer.writing import Writer, vacuum, writing

__all__ = [
    "TABLES",
    "Merged",
    "Rejected",
    "Rows",
    "Stage",
    "TableRow",
    "Writer",
    "copy",
    "count",
    "merge",
    "set_aside",
    "table_of",
    "truncate",
    "vacuum",
    "writable_columns",
    "writing",
]
