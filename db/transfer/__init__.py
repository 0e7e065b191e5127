"""Moves many rows at once into the six tables: by COPY, in transactions that let readers go on."""

from db.transfer.copying import Piece, Rows, TableRow, copy, copy_pieces, piece_of
from db.transfer.imports import Import
from db.transfer.indexes import set_aside
from db.transfer.journal import KEPT_DAYS, KEPT_IMPORTS, Heading, Journal, revision_of
from db.transfer.merging import Merged, Rejected, merge
from db.transfer.reading import reading, rows_of
from db.transfer.stage import Stage
from db.transfer.tables import LATER, SOONER, TABLES, count, is_searched, table_of, truncate, writable_columns
from db.transfer.undoing import Later, Undone
from db.transfer.writing import Writer, stay, tidy, writing

__all__ = [
    "KEPT_DAYS",
    "KEPT_IMPORTS",
    "LATER",
    "SOONER",
    "TABLES",
    "Heading",
    "Import",
    "Journal",
    "Later",
    "Merged",
    "Piece",
    "Rejected",
    "Rows",
    "Stage",
    "TableRow",
    "Undone",
    "Writer",
    "copy",
    "copy_pieces",
    "count",
    "is_searched",
    "merge",
    "piece_of",
    "reading",
    "revision_of",
    "rows_of",
    "set_aside",
    "stay",
    "table_of",
    "tidy",
    "truncate",
    "writable_columns",
    "writing",
]
