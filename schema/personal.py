"""Personal fields: which of a table's they are, which of them an operation asks for, and what the audit log is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from db.search import EmployeeTable

MOST_IDS = 100


@dataclass(slots=True)
class PersonalReads:
    """Which personal fields of which records are in an answer."""

    fields: set[str] = field(default_factory=set[str])
    records: set[str] = field(default_factory=set[str])

    def add(self, fields: Iterable[str], records: Iterable[str]) -> None:
        self.fields.update(fields)
        self.records.update(records)

    def as_details(self) -> dict[str, Any]:
        """Return how the audit log has it: of many records the ids of the first 100, and always how many."""
        return {
            "fields": sorted(self.fields),
            "records": len(self.records),
            "ids": sorted(self.records)[:MOST_IDS],
        }


def selected_by_table(
    names: Iterable[str], personal: Mapping[EmployeeTable, frozenset[str]]
) -> dict[EmployeeTable, frozenset[str]]:
    """Return the personal fields of each table among dotted names; tables without any are left out.

    Type conditions are not weighed: a field that two tables have counts for both where one asks for it.
    """
    asked = {name.rpartition(".")[2] for name in names}
    return {table: fields & asked for table, fields in personal.items() if not fields.isdisjoint(asked)}
