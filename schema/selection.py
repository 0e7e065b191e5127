"""Which of a field's sub-fields the document asks for, so that what costs is done only when asked for."""

from collections.abc import Iterable, Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode

from schema.context import Info


def selected(info: Info) -> frozenset[str]:
    """Return the dotted names below this field, e.g. 'edges', 'edges.node', 'edges.node.score'.

    Fragments are followed; `@skip` and `@include` are not weighed, so a name
    may be here that is not in the answer, never the other way round.
    """
    raw = info._raw_info  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - Strawberry's own list costs more than the search
    names: set[str] = set()
    for node in raw.field_nodes:
        if node.selection_set:
            _collect(node.selection_set.selections, "", raw.fragments, names)
    return frozenset(names)


def _collect(
    selections: Iterable[SelectionNode],
    prefix: str,
    fragments: Mapping[str, FragmentDefinitionNode],
    names: set[str],
) -> None:
    for node in selections:
        match node:
            case FieldNode():
                name = prefix + node.name.value
                names.add(name)
                if node.selection_set:
                    _collect(node.selection_set.selections, name + ".", fragments, names)
            case InlineFragmentNode():
                _collect(node.selection_set.selections, prefix, fragments, names)
            case FragmentSpreadNode():
                _collect(fragments[node.name.value].selection_set.selections, prefix, fragments, names)
            case _:
                pass
