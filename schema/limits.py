"""How much one document may ask for, measured before it is validated or run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TokenKind,
)

from schema.errors import QueryTooComplexError

Fragments = Mapping[str, FragmentDefinitionNode]

WORDS = frozenset({TokenKind.NAME, TokenKind.INT, TokenKind.FLOAT})
MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a document. GraphiQL's introspection query is 13 deep and has 500 tokens.

    `repetitions` is how often one name may be asked for in one place: validation compares each with each.
    `letters` is the length of a name or a number. `cost` is of an operation with its variables, as
    `schema.formulas` works it out; `directives` are counted where they are written.
    """

    depth: int = 15
    aliases: int = 30
    fields: int = 500
    repetitions: int = 30
    definitions: int = 100
    directives: int = 50
    letters: int = 200
    tokens: int = 2_000
    cost: int = 20_000


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
    _require("definitions", len(document.definitions), limits.definitions)
    longest_word, directives = _words(document)
    _require("letters in one word", longest_word, limits.letters)
    _require("directives", directives, limits.directives)
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    ruler = _Ruler(fragments)
    size = ruler.selections(node for each in operations for node in each.selection_set.selections)
    unused = [name for name in fragments if name not in ruler.measured]  # validation looks into them all the same
    for name in unused:
        size = size.beside(ruler.fragment(name))
    for measure in ("depth", "aliases", "fields"):
        _require(measure, getattr(size, measure), getattr(limits, measure))
    # After `fields`, which bounds what there is to look through.
    for root in (*operations, *(fragments[name] for name in unused)):
        _require("repetitions of one name", _most_repeated([root.selection_set], fragments), limits.repetitions)


def _require(measure: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise QueryTooComplexError(
            f"The document's {measure} come to {_count(found)}; {allowed} are allowed.",
            hint="Ask for less at once, or in several requests.",
        )


def _count(found: int) -> str:
    """Return a number that fragments may have multiplied beyond all bounds."""
    return f"{found:,}" if found < MANY else f"more than {MANY:,}"


def _words(document: DocumentNode) -> tuple[int, int]:
    """Return the length of the longest word, and how many directives there are."""
    longest, directives, token = 0, 0, document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in WORDS:
            longest = max(longest, token.end - token.start)
        directives += token.kind is TokenKind.AT
        token = token.next
    return longest, directives


class _Ruler:
    """Measures what is selected; `measured` holds every fragment that was met."""

    def __init__(self, fragments: Fragments) -> None:
        self.measured: dict[str, Size] = {}
        self._fragments = fragments

    def selections(self, nodes: Iterable[SelectionNode]) -> Size:
        size = Size()
        for node in nodes:
            size = size.beside(self._selection(node))
        return size

    def fragment(self, name: str) -> Size:
        if name not in self.measured:
            self.measured[name] = Size()  # a cycle ends here
            definition = self._fragments.get(name)
            if definition is not None:
                self.measured[name] = self.selections(definition.selection_set.selections)
        return self.measured[name]

    def _selection(self, node: SelectionNode) -> Size:
        match node:
            case FieldNode():
                inner = self.selections(node.selection_set.selections) if node.selection_set else Size()
                return inner.below_field(aliased=node.alias is not None)
            case InlineFragmentNode():
                return self.selections(node.selection_set.selections)
            case FragmentSpreadNode():
                return self.fragment(node.name.value)
            case _:
                return Size()


def _most_repeated(sets: Sequence[SelectionSetNode], fragments: Fragments) -> int:
    """Return how often the name that is repeated most is asked for in one place, these sets being merged there."""
    named: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()

    def collect(selection_set: SelectionSetNode) -> None:
        for node in selection_set.selections:
            match node:
                case FieldNode():
                    named.setdefault((node.alias or node.name).value, []).append(node)
                case InlineFragmentNode():
                    collect(node.selection_set)
                case FragmentSpreadNode() if node.name.value in fragments and node.name.value not in spread:
                    spread.add(node.name.value)
                    collect(fragments[node.name.value].selection_set)
                case _:
                    pass

    for selection_set in sets:
        collect(selection_set)
    most = max((len(nodes) for nodes in named.values()), default=0)
    below = ([node.selection_set for node in nodes if node.selection_set] for nodes in named.values())
    return max((most, *(_most_repeated(inner, fragments) for inner in below if inner)))
