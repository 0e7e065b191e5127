"""How the hits of one document are written, where the database writes their values (`db.search.writing`).

Between these stand the names that the document has for them, which are the same for every hit of a table: a template is
made of them once. It gives the same bytes as a plan (`schema.plans`) over the objects that it spares
(`tests/schema/test_quick.py`). Not written are highlights, counts, and personal fields, which are opened and noted.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_non_null_type
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.types.field import StrawberryField

from db.search import Pieces, Slot, Writing, WrittenPage, can_be_written, cursor
from db.search.statement import own_columns
from schema.plans import DEFINITION, TYPENAME, PlannedExecution, Written
from schema.types.employees import PERSONAL_FIELDS, TYPES
from schema.types.enums import EmployeeTable

SCORE, CURSOR = "score", "cursor"
# What a page has beside its hits, and what costs no other statement.
BESIDE = frozenset({"pageInfo", "servedBy", "tookMs", TYPENAME})
NOTHING = Written(b"[]")
# Where the score and the cursor of a hit go, which are put in here: no JSON has these characters.
SCORE_MARK, CURSOR_MARK = "\x01", "\x02"
MARKS = {SCORE: SCORE_MARK, CURSOR: CURSOR_MARK}
Made = list[str | Slot]
Below = Callable[[str, GraphQLField, FieldDetailsList], Made]


class CannotError(Exception):
    """Something is asked for that is not written."""


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
        self._nodes = None if nodes is None else 0
        self._edges = None if edges is None else len(asked) - 1
        self._scored = [_has(SCORE_MARK, each) for each in asked]
        self._placed = [_has(CURSOR_MARK, each) for each in asked]
        # Whether cursors are asked for, of hits or of the page.
        self.placed = places or any(self._placed)
        self.writing = Writing(asked, places=self.placed)

    def lists(self, page: WrittenPage, bound_to: bytes) -> tuple[Written, Written]:
        """Return `nodes` and `edges` of a page, empty where they are not asked for.

        Args:
            page: has the hits.
            bound_to: what their cursors are bound to.

        Raises:
            ValueError: a score is no number that JSON has.
        """
        return self._list(self._nodes, page, bound_to), self._list(self._edges, page, bound_to)

    def _list(self, which: int | None, page: WrittenPage, bound_to: bytes) -> Written:
        if which is None:
            return NOTHING
        texts = page.texts[which]
        if self._scored[which]:
            texts = map(bytes.replace, texts, repeat(SCORE_MARK.encode()), _numbers(page.scores))
        if self._placed[which]:
            cursors = (f'"{cursor.encode(place, bound_to)}"'.encode() for place in page.places)
            texts = map(bytes.replace, texts, repeat(CURSOR_MARK.encode()), cursors)
        return Written(b"[%b]" % b",".join(texts))


def form_of(execution: PlannedExecution, page_type: Any, selection: FieldDetailsList) -> Form | None:  # noqa: ANN401 - a type's arguments are types again
    """Return how the hits on a page of this type are written; None where they are not."""
    page: GraphQLObjectType = get_named_type(page_type)
    found: dict[str, dict[EmployeeTable, Made]] = {}
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


def _item(execution: PlannedExecution, item: Any, selection: FieldDetailsList, table: EmployeeTable) -> Made:  # noqa: ANN401 - as above
    """Return what a hit of a table is written of, as a node or as an edge."""

    def below(name: str, field: GraphQLField, details: FieldDetailsList) -> Made:
        if name in (SCORE, CURSOR):
            return [MARKS[name]]
        if name == "node":
            return _item(execution, get_named_type(field.type), details, table)
        if name == "record":
            record: Any = execution.schema.type_map[TYPES[table].__name__]
            return _object(execution, record, details, lambda name, field, _: _value(table, name, field))
        raise CannotError

    return _object(execution, item, selection, below)


def _object(execution: PlannedExecution, of_type: GraphQLObjectType, selection: FieldDetailsList, below: Below) -> Made:
    pieces: Made = ["{"]
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


def _value(table: EmployeeTable, name: str, field: GraphQLField) -> Made:
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


def _has(mark: str, texts: Mapping[EmployeeTable, Pieces]) -> bool:
    return any(mark in pieces for pieces in texts.values())


def _numbers(scores: Sequence[float]) -> Sequence[bytes]:
    """Return scores as JSON has them, written in one go."""
    written = orjson.dumps(scores)
    if b"null" in written:
        raise ValueError(written)
    return written[1:-1].split(b",") if scores else ()
