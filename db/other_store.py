"""What a connection to no PostgreSQL offers: answers to what PostgreSQL is asked in SQL of its own."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any


class Scope:
    """Which records a search is about; None leaves a filter out."""

    __slots__ = ("employed_on", "statuses", "tables", "year")

    def __init__(
        self, tables: Sequence[int], statuses: Sequence[str] | None, year: int | None, employed_on: date | None
    ) -> None:
        self.tables = tables
        self.statuses = statuses
        self.year = year
        self.employed_on = employed_on


# How a table's columns stand in a record of hits: by the table's number, the place and the names.
Slices = Iterable[tuple[int, tuple[slice, tuple[str, ...]]]]


class OtherStore(ABC):
    """A connection to another kind of database. `db.fallback` has the only one."""

    @abstractmethod
    async def hits(  # noqa: PLR0913 - what `search.page` is given
        self, typed: str, scope: Scope, slices: Slices, *, most: int, after: tuple[Any, ...] | None, offset: int
    ) -> Sequence[Sequence[Any]]:
        """Return records as the statement of a page gives them: rank, older, moment, id, table, score, columns."""

    @abstractmethod
    async def counts(self, typed: str, scope: Scope, *, most: int) -> Sequence[tuple[int, int]]:
        """Return how many records match, by table, each counted up to `most`."""

    @abstractmethod
    async def suggestions(self, typed: str, *, most: int) -> Sequence[str]:
        """Return completions, the best of each kind first; some may be there twice."""

    @abstractmethod
    async def by_key(self, table: str, columns: Sequence[str], key: str) -> dict[str, Any] | None:
        """Return one row."""

    @abstractmethod
    async def usage_details(self, accounts: Sequence[tuple[str, int]]) -> Sequence[dict[str, Any]]:
        """Return the leave days of these (employee number, year), oldest first."""

    @abstractmethod
    async def leave_requests(self, accounts: Sequence[tuple[str, int]]) -> Sequence[dict[str, Any]]:
        """Return the leave requests of these (employee number, year), newest first."""
