"""What each table is searched by: generated columns and their indexes."""

from collections.abc import Iterator
from dataclasses import dataclass


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
        columns = {
            "search_number": ('text COLLATE "C"', "search.compact(employee_num)"),
            "search_names": ('text[] COLLATE "C"', "search.name_entries(name)"),
            "search_kana": ('text[] COLLATE "C"', f"search.name_entries({kana})"),
            "search_romaji": ('text[] COLLATE "C"', f"search.romaji_entries({kana}, name)"),
            "search_place": ('text COLLATE "C"', f"search.compact({self.place})"),
            "search_vector": (
                "tsvector",
                f"search.vector(employee_num, name, {kana}, {self.place}, {self.rest})",
            ),
        }
        if not self.kana:
            del columns["search_kana"]
        return columns

    @property
    def indexes(self) -> dict[str, str]:
        """Return the indexes: name to what follows ON. Each ends in the order of the hits it gives."""
        entries = ["search_names", "search_kana", "search_romaji"] if self.kana else ["search_names", "search_romaji"]
        indexes = {
            f"ix_{self.name}_{column}_{position}": (
                f"({column}[{position}]), last_updated, id) WHERE {column}[{position}] IS NOT NULL"
            )
            for column in entries
            for position in range(1, 5)
        }
        return {
            f"ix_{self.name}_last_updated": "last_updated, id)",
            f"ix_{self.name}_search_number": "search_number, last_updated, id)",
            f"ix_{self.name}_search_place": "search_place, last_updated, id)",
            **indexes,
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
        for name, definition in table.indexes.items():
            yield f"CREATE INDEX {name} ON public.{table.name} ({definition}"


def undo() -> Iterator[str]:
    """Return what takes it all back: generated columns, and their indexes, go with the functions they call."""
    for table in TABLES:
        yield f"DROP INDEX public.ix_{table.name}_last_updated"
    yield "DROP SCHEMA search CASCADE"
