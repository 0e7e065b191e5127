"""How much one document may ask for, measured before it is validated or run."""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)

from schema.errors import QueryTooComplexError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a document. GraphiQL's introspection query is 13 deep and has 500 tokens."""

    depth: int = 15
    aliases: int = 30
    fields: int = 500
    tokens: int = 2_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a selection amounts to once every fragment is spread."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0

    def beside(self, other: "Size") -> "Size":
        return Size(max(self.depth, other.depth), self.aliases + other.aliases, self.fields + other.fields)

    def below_field(self, *, aliased: bool) -> "Size":
        return Size(self.depth + 1, self.aliases + aliased, self.fields + 1)


def check(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document that is too large in any of its measures.

    Each fragment is measured once, so that fragments which spread each other
    cost no more to measure than to write; cycles are left to validation.

    Raises:
        QueryTooComplexError: names the measure, what was found and what is allowed.
    """
    size = _measure(document)
    for measure in ("depth", "aliases", "fields"):
        found, allowed = getattr(size, measure), getattr(limits, measure)
        if found > allowed:
            raise QueryTooComplexError(
                f"The document's {measure} come to {found}; {allowed} are allowed.",
                hint="Ask for less at once, or in several requests.",
            )


def _measure(document: DocumentNode) -> Size:
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    measured: dict[str, Size] = {}

    def selections(nodes: Iterable[SelectionNode]) -> Size:
        size = Size()
        for node in nodes:
            size = size.beside(selection(node))
        return size

    def selection(node: SelectionNode) -> Size:
        match node:
            case FieldNode():
                inner = selections(node.selection_set.selections) if node.selection_set else Size()
                return inner.below_field(aliased=node.alias is not None)
            case InlineFragmentNode():
                return selections(node.selection_set.selections)
            case FragmentSpreadNode():
                return fragment(node.name.value)
            case _:
                return Size()

    def fragment(name: str) -> Size:
        if name not in measured:
            measured[name] = Size()  # a cycle ends here
            definition = fragments.get(name)
            if definition is not None:
                measured[name] = selections(definition.selection_set.selections)
        return measured[name]

    return selections(
        node
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for node in definition.selection_set.selections
    )
