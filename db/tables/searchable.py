"""Declares what search adds to the tables, as its migration made it.

The columns join the tables, not the classes: rows are loaded and written without them.
"""

from sqlalchemy import ARRAY, Column, Computed, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeEngine

from db.search.registry import SEARCHABLES, Searchable


def declare(metadata: MetaData) -> None:
    for searchable in SEARCHABLES:
        table = metadata.tables[searchable.name]
        for name, expression in searchable.generated.items():
            table.append_column(Column(name, _type(name), Computed(expression, persisted=True)))
        _declare_indexes(table, searchable)


def _declare_indexes(table: Table, searchable: Searchable) -> None:
    for name, columns in searchable.indexes.items():
        Index(
            name,
            *(text(column) if column.startswith("(") else table.c[column] for column in columns),
            postgresql_where=text(f"{columns[0]} IS NOT NULL") if columns[0].startswith("(") else None,
            _table=table,
        )
    Index(
        f"ix_{searchable.name}_search_vector",
        table.c["search_vector"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )


def _type(column: str) -> TypeEngine[object]:
    if column == "search_vector":
        return TSVECTOR()
    words = Text(collation="C")
    return ARRAY(words) if column in {"search_names", "search_kana", "search_romaji"} else words
