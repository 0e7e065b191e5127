"""What is asked, and what cannot be meant."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from db.errors import BadInputError
from db.search.registry import EmployeeTable

MOST_CHARACTERS = 200
MOST_HITS = 100
MOST_STATUSES = 50
YEARS = range(1900, 2201)
ALL_TABLES = tuple(EmployeeTable)


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """A search; None leaves a filter out, and `tables` or `columns` None means all.

    Raises:
        BadInputError: something in it cannot be meant.
    """

    query: str
    tables: Sequence[EmployeeTable] | None = None
    statuses: Sequence[str] | None = None
    year: int | None = None
    employed_on: date | None = None
    first: int = 20
    after: str | None = None
    count_total: bool = False
    count_by_table: bool = False
    highlight: bool = False
    columns: Mapping[EmployeeTable, Sequence[str]] | None = None

    def __post_init__(self) -> None:
        check_text(self.query, "query")
        check_first(self.first)
        if self.tables is not None and not self.tables:
            raise BadInputError(
                "The search names no table.", hint="Name at least one table, or none at all for all four."
            )
        if self.statuses is not None:
            _check_statuses(self.statuses)
        if self.year is not None and self.year not in YEARS:
            raise BadInputError(
                f"There are no leave accounts of the year {self.year}.", hint="Use a year from 1900 to 2200."
            )

    @property
    def asked_tables(self) -> tuple[EmployeeTable, ...]:
        """Return the tables to search, each once, in their usual order."""
        asked = self.tables
        return ALL_TABLES if asked is None else tuple(table for table in ALL_TABLES if table in asked)


def check_text(text: str, what: str) -> None:
    """Refuse text that is empty, too long, or that PostgreSQL cannot hold.

    Raises:
        BadInputError: it is one of these.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadInputError(
            f"The {what} has {len(text):,} characters; at most {MOST_CHARACTERS} can be searched for.",
            hint="Search for a name, a number or a workplace, not for a whole text.",
        )
    check_characters(text, what)
    if not unicodedata.normalize("NFKC", text).strip():
        raise BadInputError(f"The {what} is empty.", hint="Type at least one letter or digit.")


def check_characters(text: str, what: str) -> None:
    if "\0" in text:
        raise BadInputError(f"The {what} contains a NUL character.", hint="Leave it out.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"The {what} contains half of a character (a lone surrogate)."
        raise BadInputError(message, hint="Send valid Unicode.") from error


def check_first(first: int) -> None:
    if not 1 <= first <= MOST_HITS:
        raise BadInputError(f"A page has 1 to {MOST_HITS} hits, not {first}.", hint=f"Ask for 1 to {MOST_HITS}.")


def _check_statuses(statuses: Sequence[str]) -> None:
    if not statuses:
        raise BadInputError("The list of statuses is empty.", hint="Name at least one status, or leave the filter out.")
    if len(statuses) > MOST_STATUSES:
        raise BadInputError(f"The filter names {len(statuses)} statuses.", hint=f"Name at most {MOST_STATUSES}.")
    for status in statuses:
        if len(status) > MOST_CHARACTERS:
            raise BadInputError(f"A status has {len(status):,} characters.", hint=f"Use at most {MOST_CHARACTERS}.")
        check_characters(status, "status")
