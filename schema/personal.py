"""What the audit log is told of personal fields that were read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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
