"""Which of a field's sub-fields the document asks for, so that what costs is done only when asked for."""

from collections.abc import Container, Iterable, Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode

from schema.context import Info


def selected(info: Info) -> frozenset[str]:
    """Return the dotted names below this field, e.g. 'edges', 'edges.node', 'edges.node.score'.

    Fragments are followed; `@skip` and `@include` are not weighed, so a name
    may be here that is not in the answer, never the other way round.
    """
    raw = info._raw_info  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - Strawberry's own list costs more than the search

    def collect() -> frozenset[str]:
        names: set[str] = set()
        for node in raw.field_nodes:
            if node.selection_set:
                _collect(node.selection_set.selections, "", raw.fragments, names)
        return frozenset(names)

    return info.context.plans.once(("selected", *node_ids(info)), collect)


def node_ids(info: Info) -> tuple[int, ...]:
    """Return what stands for this field in its document, for what `Plans` keeps of it."""
    return tuple(map(id, info._raw_info.field_nodes))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above


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


def selected_on(info: Info, types: Container[str]) -> dict[str, set[str]]:
    """Return the names of the fields that are asked for on each of these types, anywhere below this field.

    These are concrete types, met through fragments; what is asked for outside of fragments on one of them is not
    here. `@skip` and `@include` are not weighed.
    """
    raw = info._raw_info  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
    found: dict[str, set[str]] = {}
    for node in raw.field_nodes:
        if node.selection_set:
            _collect_on(node.selection_set.selections, None, types, raw.fragments, found)
    return found


def _collect_on(
    selections: Iterable[SelectionNode],
    on: str | None,
    types: Container[str],
    fragments: Mapping[str, FragmentDefinitionNode],
    found: dict[str, set[str]],
) -> None:
    for node in selections:
        match node:
            case FieldNode():
                if on is not None:
                    found.setdefault(on, set()).add(node.name.value)
                if node.selection_set:
                    _collect_on(node.selection_set.selections, None, types, fragments, found)
            case InlineFragmentNode():
                condition = node.type_condition.name.value if node.type_condition else None
                inside = condition if condition is not None and condition in types else on
                _collect_on(node.selection_set.selections, inside, types, fragments, found)
            case FragmentSpreadNode():
                fragment = fragments[node.name.value]
                condition = fragment.type_condition.name.value
                inside = condition if condition in types else on
                _collect_on(fragment.selection_set.selections, inside, types, fragments, found)
            case _:
                pass
