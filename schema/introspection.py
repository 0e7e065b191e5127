"""Looking at the schema by `__schema` and `__type`: who may, and what it costs."""

from collections.abc import Mapping, Sized

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from schema.roles import ANONYMOUS, ForbiddenError, Identity, Role, UnauthenticatedError

# A value of the schema is written without asking anything of anybody.
VALUES_PER_UNIT = 20


def may_introspect(identity: Identity, role: Role | None) -> bool:
    """Return whether somebody may look at the schema; None lets everybody."""
    return role is None or identity.has(role)


def require_introspection(identity: Identity, role: Role | None) -> None:
    """Refuse whoever may not look at the schema.

    Raises:
        UnauthenticatedError: nobody is signed in.
        ForbiddenError: somebody is, without the role.
    """
    if role is None or may_introspect(identity, role):
        return
    if identity is ANONYMOUS:
        raise UnauthenticatedError(f"Looking at the schema needs a sign-in with the role {role.value}.")
    raise ForbiddenError(role)


def introspects(document: DocumentNode) -> bool:
    """Return whether any operation or fragment asks for `__schema` or `__type`, which only a root has."""
    return any(
        _asks(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
    )


def _asks(selections: SelectionSetNode) -> bool:
    return any(
        node.name.value in ("__schema", "__type")
        if isinstance(node, FieldNode)
        else isinstance(node, InlineFragmentNode) and _asks(node.selection_set)
        for node in selections.selections
    )


def introspected_sizes(schema: GraphQLSchema) -> Mapping[str, int]:
    """Return how long the lists are that describe this schema: all its types, and on average what a type has."""
    types = schema.type_map.values()
    fielded = [each for each in types if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [field for each in fielded for field in each.fields.values()]
    inputs = [each.fields for each in types if isinstance(each, GraphQLInputObjectType)]
    return {
        "__Schema.types": len(types),
        "__Schema.directives": len(schema.directives),
        "__Type.fields": _average([each.fields for each in fielded]),
        "__Type.inputFields": _average(inputs),
        "__Type.enumValues": 5,
        "__Type.interfaces": 2,
        "__Type.possibleTypes": 5,
        "__Field.args": _average([field.args for field in fields]),
        "__Directive.args": 2,
        "__Directive.locations": 3,
    }


def _average(lists: list[Sized]) -> int:
    return max(1, -(-sum(map(len, lists)) // max(1, len(lists))))
