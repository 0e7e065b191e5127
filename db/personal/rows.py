"""Where rows meet the database: sealed as they become COPY's values, opened as they are answered with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from db.keys import KeyRing
from db.personal import cell
from db.personal.cell import Place
from db.personal.columns import PERSONAL
from db.personal.errors import UnreadableCellError, UnstorableError
from db.tables.personal import Kind


class Row(Protocol):
    def items(self) -> Iterable[tuple[str, Any]]: ...


def sealed_rows(
    table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], ring: KeyRing | None
) -> Iterable[tuple[Any, ...]]:
    """Return the rows with their personal values as the columns have them: text, encrypted where there is a ring.

    The rows are tuples in the order of `columns`, which have the row's id among them.

    Raises:
        UnstorableError: as the rows are taken; a value is none that its column may have.
    """
    personal = PERSONAL.get(table, {})
    chosen = [(position, name, personal[name]) for position, name in enumerate(columns) if name in personal]
    return _sealed(table, list(columns).index("id"), chosen, rows, ring) if chosen else rows


def _sealed(
    table: str,
    key: int,
    chosen: Sequence[tuple[int, str, Kind]],
    rows: Iterable[tuple[Any, ...]],
    ring: KeyRing | None,
) -> Iterator[tuple[Any, ...]]:
    current = ring.current if ring else None
    for row in rows:
        values = list(row)
        for position, name, kind in chosen:
            if values[position] is not None:
                try:
                    plain = kind.written(values[position])
                except ValueError as error:
                    raise UnstorableError(table, name, values[key], f"it {error}") from None
                values[position] = cell.seal(plain, Place(table, name, str(values[key])), current) if current else plain
        yield tuple(values)


def opened_row(table: str, row: Row, wanted: Iterable[str], ring: KeyRing | None) -> dict[str, Any]:
    """Return a row with the wanted personal values as they are meant; the others are None, opened or not.

    Raises:
        UnreadableCellError: a value cannot be opened.
    """
    values, personal, asked = dict(row.items()), PERSONAL.get(table, {}), frozenset(wanted)
    for name in personal.keys() & values.keys():
        text = values[name]
        values[name] = None if text is None or name not in asked else _opened(table, name, values["id"], text, ring)
    return values


def closed_row(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without its personal values."""
    return opened_row(table, row, (), None)


def _opened(table: str, column: str, row: str, text: str, ring: KeyRing | None) -> Any:  # noqa: ANN401 - by its kind
    plain = cell.unseal(text, Place(table, column, row), ring)
    try:
        return PERSONAL[table][column].read(plain)
    except ValueError:
        raise UnreadableCellError(table, column, row, f"it is no {PERSONAL[table][column].value}") from None
