"""How the hits of one document are written, where the database writes their values (`db.search.writing`).

Between these stand the names that the document has for them, which are the same for every hit of a table: a template is
made of them once. It gives the same bytes as a plan (`schema.plans`) over the objects that it spares
(`tests/schema/test_quick.py`). Not written are highlights, counts, and personal fields, which are opened and noted.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_non_null_type
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.types.field import StrawberryField

from db.search import SEPARATOR, Writing, WrittenPage, can_be_written, cursor
from db.search.registry import BY_TABLE
from db.search.statement import own_columns
from schema.plans import DEFINITION, TYPENAME, PlannedExecution, Written
from schema.types.employees import PERSONAL_FIELDS, TYPES
from schema.types.enums import EmployeeTable

SCORE, CURSOR = "score", "cursor"
# What a page has beside its hits, and what costs no other statement.
BESIDE = frozenset({"pageInfo", "servedBy", "tookMs", TYPENAME})
NOTHING = Written(b"[]")


class Slot(NamedTuple):
    """Where a value goes: the score, the cursor, or a column's."""

    name: str


# Text and slots, in order.
Pieces = list[str | Slot]
Below = Callable[[str, GraphQLField, FieldDetailsList], Pieces]


class CannotError(Exception):
    """Something is asked for that is not written."""


# What stands around the values of a hit of one table, and which of them it takes.
Template = tuple[str, Callable[[Sequence[str]], tuple[str, ...]]]


class Form:
    """How the hits of a document are written, as `nodes`, as `edges`, or as both.

    Args:
        nodes: what one of them consists of, by its table.
        edges: the same.
        places: whether the page's cursors are asked for.
    """

    def __init__(
        self,
        nodes: Mapping[EmployeeTable, Pieces] | None,
        edges: Mapping[EmployeeTable, Pieces] | None,
        *,
        places: bool,
    ) -> None:
        asked = [each for each in (nodes, edges) if each is not None]
        slots = {
            table: {piece.name for each in asked for piece in each[table] if isinstance(piece, Slot)}
            for table in EmployeeTable
        }
        columns = {
            table: tuple(column for column in own_columns(table) if column in slots[table]) for table in EmployeeTable
        }
        self._scored = any(SCORE in each for each in slots.values())
        self._placed = any(CURSOR in each for each in slots.values())
        beside = [SCORE] * self._scored + [CURSOR] * self._placed
        # Of no column there is one value, which is empty.
        values = {table: (*(columns[table] or ("",)), *beside) for table in EmployeeTable}
        self._nodes = None if nodes is None else _templates(nodes, values)
        self._edges = None if edges is None else _templates(edges, values)
        # Whether cursors are asked for, of hits or of the page.
        self.placed = places or self._placed
        self.writing = Writing(columns, places=self.placed)

    def lists(self, page: WrittenPage, bound_to: bytes) -> tuple[Written, Written]:
        """Return `nodes` and `edges` of a page, empty where they are not asked for.

        Args:
            page: has the hits.
            bound_to: what their cursors are bound to.

        Raises:
            ValueError: a score is no number that JSON has.
        """
        hits = [text.split(SEPARATOR) for text in page.texts]
        if self._scored:
            for values, score in zip(hits, _numbers(page.scores), strict=True):
                values.append(score)
        if self._placed:
            for values, place in zip(hits, page.places, strict=True):
                values.append(f'"{cursor.encode(place, bound_to)}"')
        return _list(self._nodes, page.tables, hits), _list(self._edges, page.tables, hits)


def form_of(execution: PlannedExecution, page_type: Any, selection: FieldDetailsList) -> Form | None:  # noqa: ANN401 - a type's arguments are types again
    """Return how the hits on a page of this type are written; None where they are not."""
    page: GraphQLObjectType = get_named_type(page_type)
    found: dict[str, dict[EmployeeTable, Pieces]] = {}
    places = False
    try:
        for details in execution.collect_subfields(page, selection).grouped_field_set.values():
            name = details[0].node.name.value
            places |= name == "pageInfo"
            if name in BESIDE:
                continue
            if name not in ("nodes", "edges") or name in found:
                return None
            item = get_named_type(page.fields[name].type)
            found[name] = {table: _item(execution, item, details, table) for table in EmployeeTable}
    except CannotError:
        return None
    return Form(found.get("nodes"), found.get("edges"), places=places) if found else None


def _item(execution: PlannedExecution, item: Any, selection: FieldDetailsList, table: EmployeeTable) -> Pieces:  # noqa: ANN401 - as above
    """Return what a hit of a table is written of, as a node or as an edge."""

    def below(name: str, field: GraphQLField, details: FieldDetailsList) -> Pieces:
        if name in (SCORE, CURSOR):
            return [Slot(name)]
        if name == "node":
            return _item(execution, get_named_type(field.type), details, table)
        if name == "record":
            record: Any = execution.schema.type_map[TYPES[table].__name__]
            return _object(execution, record, details, lambda name, field, _: _value(table, name, field))
        raise CannotError

    return _object(execution, item, selection, below)


def _object(
    execution: PlannedExecution, of_type: GraphQLObjectType, selection: FieldDetailsList, below: Below
) -> Pieces:
    pieces: Pieces = ["{"]
    for response_name, details in execution.collect_subfields(of_type, selection).grouped_field_set.items():
        pieces.append(f'{"," if len(pieces) > 1 else ""}"{response_name}":')
        if details[0].node.name.value == TYPENAME:
            pieces.append(f'"{of_type.name}"')
            continue
        field = of_type.fields[details[0].node.name.value]
        definition = field.extensions.get(DEFINITION)
        if not isinstance(definition, StrawberryField) or not definition.is_basic_field:
            raise CannotError
        pieces += below(definition.python_name, field, details)
    return [*pieces, "}"]


def _value(table: EmployeeTable, name: str, field: GraphQLField) -> Pieces:
    """Return a field of a record of a table."""
    if name in PERSONAL_FIELDS or not is_leaf_type(get_named_type(field.type)):
        raise CannotError
    if name == "table":
        return [f'"{table.name}"']
    null = not is_non_null_type(field.type)
    if null and name not in own_columns(table):
        return ["null"]
    if not can_be_written(table, name, null=null):
        raise CannotError
    return [Slot(name)]


def _templates(
    pieces: Mapping[EmployeeTable, Pieces], values: Mapping[EmployeeTable, Sequence[str]]
) -> dict[int, Template]:
    return {BY_TABLE[table].number: _template(each, values[table]) for table, each in pieces.items()}


def _template(pieces: Pieces, values: Sequence[str]) -> Template:
    text = "".join("%s" if isinstance(each, Slot) else each.replace("%", "%%") for each in pieces)
    places = [values.index(each.name) for each in pieces if isinstance(each, Slot)]
    if len(places) > 1:
        return text, itemgetter(*places)
    return text, lambda values: tuple(values[place] for place in places)


def _numbers(scores: Sequence[float]) -> Sequence[str]:
    """Return scores as JSON has them, written in one go."""
    written = orjson.dumps(scores).decode()
    if "null" in written:
        raise ValueError(written)
    return written[1:-1].split(",") if scores else ()


def _list(templates: Mapping[int, Template] | None, tables: Sequence[int], hits: Sequence[Sequence[str]]) -> Written:
    """Return what a template a table makes of hits; an empty list where there are no templates."""
    if templates is None:
        return NOTHING
    items: list[str] = []
    for table, values in zip(tables, hits, strict=True):
        text, taken = templates[table]
        items.append(text % taken(values))
    return Written(f"[{','.join(items)}]".encode())
