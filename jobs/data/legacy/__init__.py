"""Takes over what the application before this one left: a SQLite file with the same six tables."""

from jobs.data.legacy.importing import import_file
from jobs.data.legacy.report import ImportReport, Problem, TableReport
from jobs.data.sources import NotReadableError

__all__ = ["ImportReport", "NotReadableError", "Problem", "TableReport", "import_file"]
