"""The six tables of the application this replaces, named and shaped as there; the replication heartbeat; imports."""

from db.tables import searchable
from db.tables.columns import METADATA, Row
from db.tables.data_import import CHANGES, DataImport
from db.tables.employee import Employee
from db.tables.genzai import Genzai
from db.tables.heartbeat import Heartbeat
from db.tables.leave_request import LeaveRequest
from db.tables.staff import Staff
from db.tables.ukeoi import Ukeoi
from db.tables.usage_detail import UsageDetail

__all__ = [
    "CHANGES",
    "METADATA",
    "DataImport",
    "Employee",
    "Genzai",
    "Heartbeat",
    "LeaveRequest",
    "Row",
    "Staff",
    "Ukeoi",
    "UsageDetail",
]

searchable.declare(METADATA)
