"""Takes over what the application before this one left: a SQLite file with the same six tables."""

from jobs.data.legacy.importing import HalfKeptError, Manner, identifier, import_file, import_source
from jobs.data.legacy.report import ImportReport, Problem, TableReport
from jobs.data.sources import NotReadableError

__all__ = [
    "HalfKeptError",
    "ImportReport",
    "Manner",
    "NotReadableError",
    "Problem",
    "TableReport",
    "identifier",
    "import_file",
    "import_source",
]
