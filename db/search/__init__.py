"""Ranked search over the employee tables; the analysis and the ranking run in the database."""

from db.search.highlight import Fragment, Highlight
from db.search.page import FoundRow, Hit, SearchPage
from db.search.registry import EmployeeTable
from db.search.request import SearchRequest
from db.search.searching import search, search_at_offset
from db.search.suggesting import suggest
from db.search.warming import warm
from db.search.writing import Pieces, Slot, Writing, WrittenPage, can_be_written, search_written

__all__ = [
    "EmployeeTable",
    "FoundRow",
    "Fragment",
    "Highlight",
    "Hit",
    "Pieces",
    "SearchPage",
    "SearchRequest",
    "Slot",
    "Writing",
    "WrittenPage",
    "can_be_written",
    "search",
    "search_at_offset",
    "search_written",
    "suggest",
    "warm",
]
