"""What a search gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from db.search import cursor
from db.search.highlight import Highlight
from db.search.registry import EmployeeTable


class FoundRow(dict[str, Any]):
    """The columns of a record that were asked for; any other is None."""

    def __missing__(self, column: str) -> None:
        return None


class Hit(NamedTuple):
    """A record found; `row` has the table's own columns, or those that were asked for."""

    table: EmployeeTable
    row: FoundRow
    score: float
    place: cursor.Place
    bound_to: Callable[[], bytes]
    highlights: Sequence[Highlight] = ()

    @property
    def cursor(self) -> str:
        return cursor.encode(self.place, self.bound_to())


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of hits, best first; counts are there only where they were asked for."""

    hits: Sequence[Hit]
    has_next: bool
    has_previous: bool
    took_ms: float
    total: int | None = None
    total_exact: bool = True
    counts_by_table: Mapping[EmployeeTable, int] = field(default_factory=dict[EmployeeTable, int])
