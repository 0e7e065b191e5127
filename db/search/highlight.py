"""Marks in a found row's text what the query matched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.search.registry import Searchable


@dataclass(frozen=True, slots=True)
class Fragment:
    text: str
    matched: bool


@dataclass(frozen=True, slots=True)
class Highlight:
    """A field's text, cut where a match begins and ends: joined, the fragments are the whole text."""

    field: str
    fragments: Sequence[Fragment]


class Marker:
    """Finds the words of one query in the texts of rows."""

    def __init__(self, query: str) -> None:
        self.query = query

    def highlights(self, row: Mapping[str, Any], searchable: Searchable) -> list[Highlight]:
        """Return the fields of the row in which the query is found."""
        return []
