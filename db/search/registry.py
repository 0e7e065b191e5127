"""What is searched: each table, which of its columns are found, and as what.

A new searchable table is one entry here and a migration. The tables' declarations, the statements and the highlights
derive from it; tests hold the migration to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EmployeeTable(StrEnum):
    """The four employee tables."""

    EMPLOYEES = "EMPLOYEES"
    GENZAI = "GENZAI"
    UKEOI = "UKEOI"
    STAFF = "STAFF"


class Role(StrEnum):
    """What a column is to search. The value is the weight of its lexemes, A the heaviest."""

    NUMBER = "A number"
    NAME = "A name"
    KANA = "B kana"
    PLACE = "C workplace"
    OTHER = "D"


# The positions of `search_entries`, from 1, each with an index of its own.
ENTRIES = (
    "number",
    "place",
    *(f"{field}_{part}" for field in ("name", "kana", "romaji") for part in ("whole", "first", "second", "last")),
)


@dataclass(frozen=True)
class Searchable:
    """A table as search sees it; `number` stands for it in the database's functions."""

    number: int
    table: EmployeeTable
    roles: Mapping[str, Role]

    @property
    def name(self) -> str:
        return self.table.lower()

    def columns(self, role: Role) -> list[str]:
        return [column for column, its_role in self.roles.items() if its_role is role]

    @property
    def generated(self) -> dict[str, str]:
        """Return the columns the database computes, with their expressions as PostgreSQL writes them."""
        number, name, place = (self.columns(role)[0] for role in (Role.NUMBER, Role.NAME, Role.PLACE))
        kana = next(iter(self.columns(Role.KANA)), "NULL::text")
        rest = _joined(self.columns(Role.OTHER))
        return {
            "search_entries": f"search.entries({number}, {name}, {kana}, {place})",
            "search_vector": f"search.vector({number}, {name}, {kana}, {place}, {rest})",
        }

    @property
    def entries(self) -> dict[str, int]:
        """Return what the table is looked up by: entry to its position in `search_entries`."""
        return {
            entry: position
            for position, entry in enumerate(ENTRIES, 1)
            if self.columns(Role.KANA) or not entry.startswith("kana")
        }


def _joined(columns: list[str]) -> str:
    if len(columns) <= 1:
        return next(iter(columns), "NULL::text")
    return " || ' '::text || ".join(f"COALESCE({column}, ''::text)" for column in columns)


_PERSON = {"employee_num": Role.NUMBER, "name": Role.NAME, "kana": Role.KANA}

SEARCHABLES = (
    Searchable(1, EmployeeTable.EMPLOYEES, {"employee_num": Role.NUMBER, "name": Role.NAME, "haken": Role.PLACE}),
    Searchable(
        2,
        EmployeeTable.GENZAI,
        {
            **_PERSON,
            "dispatch_name": Role.PLACE,
            "department": Role.OTHER,
            "line": Role.OTHER,
            "job_content": Role.OTHER,
            "dispatch_id": Role.OTHER,
            "nationality": Role.OTHER,
        },
    ),
    Searchable(3, EmployeeTable.UKEOI, {**_PERSON, "contract_business": Role.PLACE, "nationality": Role.OTHER}),
    Searchable(4, EmployeeTable.STAFF, {**_PERSON, "office": Role.PLACE, "nationality": Role.OTHER}),
)

BY_TABLE = {searchable.table: searchable for searchable in SEARCHABLES}
BY_NUMBER = {searchable.number: searchable for searchable in SEARCHABLES}
