"""What is worked out once for a document, and kept for as long as the document is remembered.

First of all how its objects are completed. Most of them are plain attributes all the way down, as a page of hits is;
graphql-core asks of each value of each such object again what it is and how its field is resolved. A plan is what it
would find, written down: which attributes to read, and how each is put into JSON. A value that is not what the plan
expects (a null where none may be, a foreign object) is left to the general way, which then says what is wrong.
"""

from collections.abc import Callable, Hashable, Mapping
from math import isfinite
from operator import attrgetter
from typing import Any, TypeVar

import orjson
from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLResolveInfoHelpers,
    GraphQLString,
    Undefined,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

T = TypeVar("T")
Complete = Callable[[Any], Any]

# Where Strawberry leaves its own definition of a type or a field.
DEFINITION = "strawberry-definition"
TYPENAME = "__typename"
# Of one document: its variables for `@skip` and `@include` give one selection for each of their combinations.
MOST_KEPT = 200


class Plans:
    """One document's."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made for the key before, or make it; keys are made of the document's nodes by their ids."""
        try:
            return self._made[key]
        except KeyError:
            made = make()
            if len(self._made) < MOST_KEPT:
                self._made[key] = made
            return made

    def __len__(self) -> int:
        return len(self._made)


class PlannedExecution(StrawberryGraphQLCoreExecutionContext):
    """Completes objects by plan, where their document is remembered and there can be one."""

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """Made for whoever asks: kept here it would refer to this, and all of an execution wait for the collector."""
        return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _kept: GraphQLResolveInfoHelpers) -> None:  # pyright: ignore[reportIncompatibleVariableOverride] - a property in place of an attribute
        """Keep nothing."""

    def complete_object_value(  # noqa: PLR0913, PLR0917 - graphql-core's signature
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: Any,  # noqa: ANN401 - as below
        path: Path,
        result: Any,  # noqa: ANN401 - as above
        position_context: Any,  # noqa: ANN401 - as above
    ) -> Any:  # noqa: ANN401 - as above
        plans: Plans | None = getattr(self.context_value, "plans", None)
        if plans is not None:
            key = (
                return_type,
                switches(self.variable_values.coerced),
                *(id(details.node) for details in field_details_list),
            )
            plan = plans.once(key, lambda: _plan_of_object(self, return_type, field_details_list))
            if plan is not None:
                try:
                    return plan(result)
                except Exception:  # noqa: BLE001, S110 - whatever it is, the general way comes upon it and tells it
                    pass
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)


def switches(variables: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    """Return the variables that `@skip` and `@include` may read: what is selected depends on nothing else."""
    return tuple((name, value) for name, value in variables.items() if isinstance(value, bool))


class Written:
    """A list that is JSON already, just as its plan would complete it."""

    __slots__ = ("json",)

    def __init__(self, json: bytes) -> None:
        self.json = orjson.Fragment(json)


class _UnexpectedError(Exception):
    """A value is not what its plan was made for."""


class _AsItIs:
    """Completes values of which those of some types are the same in JSON: for them nobody has to call it."""

    def __init__(self, complete: Complete, kinds: frozenset[type]) -> None:
        self._complete = complete
        self.kinds = kinds

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - any attribute's
        return value if type(value) in self.kinds else self._complete(value)


def _plan_of_object(
    execution: PlannedExecution, object_type: GraphQLObjectType, selection: FieldDetailsList
) -> Complete | None:
    """Return what completes an object of this type; None if something in it has to be resolved."""
    origin = _class_of(object_type)
    if origin is None:
        return None
    names: list[str] = []
    attributes: list[str] = []
    completes: list[Complete] = []
    for name, details in execution.collect_subfields(object_type, selection).grouped_field_set.items():
        field_name = details[0].node.name.value
        names.append(name)
        if field_name == TYPENAME:
            attributes.append("__class__")
            completes.append(_constant(object_type.name))
            continue
        graphql_field = object_type.fields[field_name]
        field = graphql_field.extensions.get(DEFINITION)
        complete = plan_of(execution, graphql_field.type, details)
        if not isinstance(field, StrawberryField) or not field.is_basic_field or complete is None:
            return None
        attributes.append(field.python_name)
        completes.append(complete)
    return _object(origin, names, attributes, completes)


def plan_of(
    execution: PlannedExecution,
    of_type: Any,  # noqa: ANN401 - a type's arguments are types again
    selection: FieldDetailsList,
) -> Complete | None:
    """Return what completes a value of any type; None if something in it has to be resolved."""
    if is_non_null_type(of_type):
        complete = _plan_of_present(execution, of_type.of_type, selection)
        # Where a list or an object is expected, null is not.
        return complete and (_never_null(complete) if is_leaf_type(of_type.of_type) else complete)
    complete = _plan_of_present(execution, of_type, selection)
    return complete and _or_null(complete)


def _plan_of_present(
    execution: PlannedExecution,
    of_type: Any,  # noqa: ANN401 - as above
    selection: FieldDetailsList,
) -> Complete | None:
    if is_list_type(of_type):
        complete = plan_of(execution, of_type.of_type, selection)
        return complete and _list(complete)
    if is_leaf_type(of_type):
        return _leaf(of_type)
    if is_abstract_type(of_type):
        return _plan_of_abstract(execution, of_type, selection)
    if is_object_type(of_type):
        return _plan_of_object(execution, of_type, selection)
    return None


def _plan_of_abstract(
    execution: PlannedExecution, of_type: GraphQLAbstractType, selection: FieldDetailsList
) -> Complete | None:
    completes: dict[type, Complete] = {}
    for possible in execution.schema.get_possible_types(of_type):
        origin, complete = _class_of(possible), _plan_of_object(execution, possible, selection)
        if origin is None or complete is None:
            return None
        completes[origin] = complete
    return lambda value: completes[type(value)](value)


def _class_of(object_type: GraphQLObjectType) -> type | None:
    return getattr(object_type.extensions.get(DEFINITION), "origin", None)


def _object(origin: type, names: list[str], attributes: list[str], completes: list[Complete]) -> Complete:
    # With one name, `attrgetter` would give the value itself.
    read = attrgetter(*attributes, "__class__")
    plain = [(name, each.kinds, each) for name, each in zip(names, completes, strict=True) if isinstance(each, _AsItIs)]
    others = [(name, each) for name, each in zip(names, completes, strict=True) if not isinstance(each, _AsItIs)]

    def complete(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any attribute's
        if type(value) is not origin:
            raise _UnexpectedError
        completed = dict(zip(names, read(value), strict=False))
        for name, kinds, each in plain:
            if type(completed[name]) not in kinds:
                completed[name] = each(completed[name])
        for name, each in others:
            completed[name] = each(completed[name])
        return completed

    return complete


def _list(complete: Complete) -> Complete:
    def complete_all(values: Any) -> Any:  # noqa: ANN401 - any attribute's
        if type(values) is Written:
            return values.json
        if type(values) not in (list, tuple):
            raise _UnexpectedError
        return [complete(value) for value in values]

    return complete_all


def _leaf(of_type: GraphQLLeafType) -> Complete:
    coerce = of_type.coerce_output_value

    def complete(value: Any) -> Any:  # noqa: ANN401 - any attribute's
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise _UnexpectedError
        return coerced

    def number(value: Any) -> Any:  # noqa: ANN401 - any attribute's
        return value if type(value) is float and isfinite(value) else complete(value)

    if is_enum_type(of_type):
        return _member(of_type, complete)
    if of_type is GraphQLFloat:
        return number
    if of_type in (GraphQLString, GraphQLID):
        return _AsItIs(complete, frozenset({str}))
    return _AsItIs(complete, frozenset({bool})) if of_type is GraphQLBoolean else complete


def _member(of_type: GraphQLEnumType, complete: Complete) -> Complete:
    names: dict[Any, str] = {}
    wrapped = getattr(of_type.extensions.get(DEFINITION), "wrapped_cls", None)

    def name(value: Any) -> Any:  # noqa: ANN401 - any attribute's
        if type(value) is not wrapped:  # which may be equal to a member, and yet none
            return complete(value)
        known = names.get(value)
        if known is None:
            known = names[value] = complete(value)
        return known

    return name


def _constant(value: str) -> Complete:
    return lambda _: value


def _or_null(complete: Complete) -> Complete:
    if isinstance(complete, _AsItIs):
        return _AsItIs(complete, complete.kinds | {type(None)})
    return lambda value: None if value is None else complete(value)


def _never_null(complete: Complete) -> Complete:
    def present(value: Any) -> Any:  # noqa: ANN401 - any attribute's
        if value is None:
            raise _UnexpectedError
        return complete(value)

    return _AsItIs(present, complete.kinds) if isinstance(complete, _AsItIs) else present
