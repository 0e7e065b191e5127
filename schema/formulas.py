"""The cost of an operation before it runs: a polynomial in the variables that say how long its pages are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_object_type,
)

from schema.costs import LIST_SIZE, ROOT_WEIGHT, WEIGHT, Cost
from schema.introspection import VALUES_PER_UNIT, introspected_sizes
from schema.paging import MOST

# How long a list is: a number, or the variable that holds it.
Size = int | str
# Coefficients by the variables that multiply them: {(): 10, ("first",): 6} is 10 + 6 first.
Terms = Counter[tuple[str, ...]]

PAGE_SIZES = ("first", "last")
PAGED = frozenset({"nodes", "edges"})
META_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef, "__typename": TypeNameMetaFieldDef}


@dataclass(frozen=True, slots=True)
class Formula:
    """What one operation costs, by its variables."""

    terms: tuple[tuple[tuple[str, ...], int], ...]
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """Return the cost with these variables, which nobody has looked at yet."""
        given = variables or {}
        total = 0
        for names, coefficient in self.terms:
            for name in names:
                coefficient *= _page_size(given.get(name, self.defaults.get(name)))  # noqa: PLW2901 - a product
            total += coefficient
        return total


def formulas_of(schema: GraphQLSchema, document: DocumentNode) -> dict[str, Formula]:
    """Return the formula of each operation of a valid document, by its name or ''."""
    estimator = _Estimator(schema, document)
    return {
        definition.name.value if definition.name else "": estimator.operation(definition)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    }


class _Estimator:
    """Adds up selections; each is worked out once for each type that it may be selected on.

    `@skip` and `@include` are not weighed, and a field that is selected twice
    counts twice: an operation may cost less than this, never more.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._known: dict[tuple[int, str, Size | None], Terms] = {}
        self._introspected = introspected_sizes(schema)
        # The sizes of pages whose variables are not given.
        self._usual: dict[str, int] = {}

    def operation(self, definition: OperationDefinitionNode) -> Formula:
        root = self._schema.get_root_type(definition.operation)
        terms = self._on(definition.selection_set, cast("GraphQLObjectType", root), None)
        defaults = {
            each.variable.name.value: int(each.default_value.value)
            for each in definition.variable_definitions or ()
            if isinstance(each.default_value, IntValueNode)
        }
        return Formula(tuple(terms.items()), self._usual | defaults)

    def _on(self, selections: SelectionSetNode, on: GraphQLObjectType, page: Size | None) -> Terms:
        """Return what is selected on one object of a type; `page` is how long its `nodes` and `edges` are."""
        key = (id(selections), on.name, page)
        if key not in self._known:
            terms: Terms = Counter()
            for node in self._applicable(selections, on):
                terms.update(self._field(node, on, page))
            self._known[key] = terms
        return self._known[key]

    def _applicable(self, selections: SelectionSetNode, on: GraphQLObjectType) -> Iterator[FieldNode]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
                continue
            condition, inner = self._spread(node)
            if condition is None or condition == on.name or self._is_one(on, condition):
                yield from self._applicable(inner, on)

    def _spread(self, node: SelectionNode) -> tuple[str | None, SelectionSetNode]:
        """Return the type condition and the selections of a fragment, named or not."""
        if isinstance(node, InlineFragmentNode):
            return (node.type_condition.name.value if node.type_condition else None), node.selection_set
        fragment = self._fragments[cast("Any", node).name.value]
        return fragment.type_condition.name.value, fragment.selection_set

    def _is_one(self, on: GraphQLObjectType, condition: str) -> bool:
        abstract = self._schema.type_map[condition]
        return is_abstract_type(abstract) and self._schema.is_sub_type(abstract, on)

    def _field(self, node: FieldNode, on: GraphQLObjectType, page: Size | None) -> Terms:
        name = node.name.value
        definition = META_FIELDS.get(name) or on.fields[name]
        declared = _declared(definition)
        chosen = self._chosen_size(node, definition)
        below = self._below(node, definition, chosen)
        if is_list_type(get_nullable_type(definition.type)):
            below[()] += declared.item or WEIGHT
            known = self._introspected.get(f"{on.name}.{name}") or declared.size or LIST_SIZE
            below = _times(below, chosen or (page if name in PAGED and page is not None else known))
        if name in ("__schema", "__type"):
            below = Counter({names: -(-count // VALUES_PER_UNIT) for names, count in below.items()})
        below[()] += self._weight(on, name, declared)
        return below

    def _weight(self, on: GraphQLObjectType, name: str, declared: Cost) -> int:
        if declared.weight:
            return declared.weight
        roots = (self._schema.query_type, self._schema.mutation_type, self._schema.subscription_type)
        return ROOT_WEIGHT if on in roots and not name.startswith("__") else WEIGHT

    def _below(self, node: FieldNode, definition: GraphQLField, page: Size | None) -> Terms:
        """Return what is selected on one object that the field gives: of several possible types the dearest."""
        dearest: Terms = Counter()
        if node.selection_set is None:
            return dearest
        named = get_named_type(definition.type)
        possible = [named] if is_object_type(named) else self._schema.get_possible_types(cast("Any", named))
        for each in possible:
            dearest |= self._on(node.selection_set, each, page)  # the greater of each coefficient
        return dearest

    def _chosen_size(self, node: FieldNode, definition: GraphQLField) -> Size | None:
        """Return how long a page the field asks for, where it has pages."""
        name = next((each for each in PAGE_SIZES if each in definition.args), None)
        if name is None:
            return None
        usual = _page_size(definition.args[name].default_value)
        given = next((each.value for each in node.arguments or () if each.name.value == name), None)
        match given:
            case None:
                return usual
            case IntValueNode():
                return _page_size(int(given.value))
            case VariableNode():  # which may be left out where the argument has a default
                variable = given.name.value
                self._usual[variable] = max(usual, self._usual.get(variable, 1))
                return variable
            case _:
                return 1


def _times(terms: Terms, size: Size) -> Terms:
    if isinstance(size, int):
        return Counter({names: count * size for names, count in terms.items()})
    return Counter({tuple(sorted((*names, size))): count for names, count in terms.items()})


def _page_size(value: object) -> int:
    """Return how many items a page has; one of a size that there is not is refused later, and costs as one item."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= MOST:
        return int(value)
    return 1


def _declared(definition: GraphQLField) -> Cost:
    strawberry_field = definition.extensions.get("strawberry-definition")
    directives = strawberry_field.directives if strawberry_field is not None else ()
    return next((each for each in directives if isinstance(each, Cost)), _USUAL)


_USUAL = Cost()
