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
        kana = next(iter(self.columns(Role.KANA)), None)
        rest = _joined(self.columns(Role.OTHER))
        reading = kana or "NULL::text"
        generated = {
            "search_number": f"search.compact({number})",
            "search_names": f"search.name_entries({name})",
            "search_romaji": f"search.romaji_entries({reading}, {name})",
            "search_place": f"search.compact({place})",
            "search_vector": f"search.vector({number}, {name}, {reading}, {place}, {rest})",
        }
        return generated | ({"search_kana": f"search.name_entries({kana})"} if kana else {})

    @property
    def indexes(self) -> dict[str, tuple[str, ...]]:
        """Return the indexes in the order of the hits, each with its columns."""
        order = ("last_updated", "id")
        entries = [column for column in ("search_names", "search_kana", "search_romaji") if column in self.generated]
        return {
            f"ix_{self.name}_last_updated": order,
            f"ix_{self.name}_search_number": ("search_number", *order),
            f"ix_{self.name}_search_place": ("search_place", *order),
            **{
                f"ix_{self.name}_{column}_{position}": (f"({column}[{position}])", *order)
                for column in entries
                for position in range(1, 5)
            },
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
