"""What each table is searched by: generated columns and their indexes."""

from collections.abc import Iterator
from dataclasses import dataclass

ENTRIES = (
    "number",
    "place",
    *(f"{field}_{part}" for field in ("name", "kana", "romaji") for part in ("whole", "first", "second", "last")),
)


@dataclass(frozen=True)
class Table:
    """A searchable table; `place` and `rest` are SQL expressions over its columns."""

    number: int
    name: str
    place: str
    rest: str = "NULL"
    kana: bool = True

    @property
    def columns(self) -> dict[str, tuple[str, str]]:
        """Return the generated columns: name to type and expression."""
        kana = "kana" if self.kana else "NULL::text"
        return {
            "search_entries": ('text[] COLLATE "C"', f"search.entries(employee_num, name, {kana}, {self.place})"),
            "search_vector": ("tsvector", f"search.vector(employee_num, name, {kana}, {self.place}, {self.rest})"),
        }

    @property
    def indexes(self) -> dict[str, int]:
        """Return the indexes over `search_entries`: name to the position in it."""
        return {
            f"ix_{self.name}_search_{entry}": position
            for position, entry in enumerate(ENTRIES, 1)
            if self.kana or not entry.startswith("kana")
        }


TABLES = (
    Table(1, "employees", place="haken", kana=False),
    Table(
        2,
        "genzai",
        place="dispatch_name",
        rest="COALESCE(department, '') || ' ' || COALESCE(line, '') || ' ' || COALESCE(job_content, '')"
        " || ' ' || COALESCE(dispatch_id, '') || ' ' || COALESCE(nationality, '')",
    ),
    Table(3, "ukeoi", place="contract_business", rest="nationality"),
    Table(4, "staff", place="office", rest="nationality"),
)


def statements() -> Iterator[str]:
    for table in TABLES:
        columns = ", ".join(
            f"ADD COLUMN {name} {kind} GENERATED ALWAYS AS ({expression}) STORED"
            for name, (kind, expression) in table.columns.items()
        )
        yield f"ALTER TABLE public.{table.name} {columns}"
        yield (
            f"CREATE INDEX ix_{table.name}_search_vector ON public.{table.name}"
            " USING gin (search_vector) WITH (fastupdate = off)"
        )
        # Walking through the newest records looks at nothing else of them.
        yield (
            f"CREATE INDEX ix_{table.name}_last_updated ON public.{table.name} (last_updated, id)"
            " INCLUDE (search_entries)"
        )
        # The order of the hits is part of each index, so that a page is read and not sorted.
        for name, position in table.indexes.items():
            entry = f"search_entries[{position}]"
            yield (
                f"CREATE INDEX {name} ON public.{table.name} (({entry}), last_updated, id) WHERE {entry} IS NOT NULL"
            )


def undo() -> Iterator[str]:
    """Return what takes it all back: generated columns, and their indexes, go with the functions they call."""
    yield "DROP SCHEMA search CASCADE"
