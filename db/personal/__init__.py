"""Personal columns: what is in them, plain or encrypted, and how it comes in and out."""

from db.personal.columns import PERSONAL
from db.personal.errors import UnreadableCellError, UnstorableError
from db.personal.rows import closed_row, opened_row, sealed_rows
from db.tables.personal import Kind

__all__ = ["PERSONAL", "Kind", "UnreadableCellError", "UnstorableError", "closed_row", "opened_row", "sealed_rows"]
