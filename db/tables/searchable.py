"""Declares what search adds to the tables, as its migration made it.

The columns join the tables, not the classes: rows are loaded and written without them.
"""

from sqlalchemy import ARRAY, Column, Computed, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from db.search.registry import SEARCHABLES, Searchable

TYPES = {"search_entries": ARRAY(Text(collation="C")), "search_vector": TSVECTOR()}


def declare(metadata: MetaData) -> None:
    for searchable in SEARCHABLES:
        table = metadata.tables[searchable.name]
        for name, expression in searchable.generated.items():
            table.append_column(Column(name, TYPES[name], Computed(expression, persisted=True)))
        _declare_indexes(table, searchable)


def _declare_indexes(table: Table, searchable: Searchable) -> None:
    prefix, order = f"ix_{searchable.name}", (table.c["last_updated"], table.c["id"])
    Index(f"{prefix}_last_updated", *order, postgresql_include=["search_entries"])
    for entry, position in searchable.entries.items():
        looked_up = f"search_entries[{position}]"
        Index(
            f"{prefix}_search_{entry}",
            text(f"({looked_up})"),
            *order,
            postgresql_where=text(f"{looked_up} IS NOT NULL"),
        )
    vector = table.c["search_vector"]
    Index(f"{prefix}_search_vector", vector, postgresql_using="gin", postgresql_with={"fastupdate": "off"})
