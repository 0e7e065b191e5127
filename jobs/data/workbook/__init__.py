"""The office's Excel workbooks: the leave ledger (有給休暇管理) and the employee ledger (社員台帳)."""

from jobs.data.workbook.mapping import DEFAULT, Mapping, MappingError, load
from jobs.data.workbook.reading import opened

__all__ = ["DEFAULT", "Mapping", "MappingError", "load", "opened"]
