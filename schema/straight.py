"""Variables and arguments that need no converting: they are in Python what they are in GraphQL.

`schema.quick` takes these as they are; all others are looked at and converted by graphql-core and Strawberry.
"""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import (
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from strawberry.types.base import StrawberryMaybe
from strawberry.types.field import StrawberryField

Variables = dict[str, Any]
# What is the same in Python as in GraphQL.
SIMPLE = {"String": str, "Boolean": bool}
PLAIN = frozenset({str, int, float, bool, type(None)})


def simple_variables(operation: OperationDefinitionNode) -> Mapping[str, type] | None:
    """Return the Python types of an operation's variables, where they are such that they need no converting."""
    types: dict[str, type] = {}
    for each in operation.variable_definitions or ():
        inner = each.type.type if isinstance(each.type, NonNullTypeNode) else each.type
        found = SIMPLE.get(inner.name.value) if isinstance(inner, NamedTypeNode) else None
        if found is None:
            return None
        types[each.variable.name.value] = found
    return types


def as_given(simple: Mapping[str, type], given: Variables) -> VariableValues | None:
    """Return the values of variables, where each is there and of its type; None where there is more to look at."""
    if len(simple) != len(given):
        return None
    for name, found in simple.items():
        if type(given.get(name)) is not found:
            return None
    return VariableValues({}, given)


def as_they_are(constants: Variables, variables: Mapping[str, str], given: Variables) -> Variables | None:
    """Return a resolver's arguments; None where a value needs converting.

    Raises:
        KeyError: a variable has no value.
    """
    arguments = dict(constants)
    for name, variable in variables.items():
        arguments[name] = given[variable]
    return arguments if PLAIN.issuperset(map(type, arguments.values())) else None


def straight_arguments(
    details: FieldDetails, values: Variables, names: Mapping[str, str] | None
) -> tuple[Variables, Mapping[str, str]] | None:
    """Return a resolver's arguments that are always the same, and the variables of the others, by their `names` there.

    None where one of them is made of a variable and something else, or where there are no such names.
    """
    if names is None:
        return None
    variables: dict[str, str] = {}
    for each in details.node.arguments or ():
        if isinstance(each.value, VariableNode):
            variables[each.name.value] = each.value.name.value
        elif isinstance(each.value, ListValueNode | ObjectValueNode):
            return None
    constants = {names[name]: value for name, value in values.items() if name not in variables}
    return constants, {names[name]: variable for name, variable in variables.items()}


def names_of(schema: strawberry.Schema, field: StrawberryField) -> Mapping[str, str] | None:
    """Return how a resolver calls its arguments, by their names in GraphQL; None where it is given more than these."""
    resolver = field.base_resolver
    if resolver is None or not resolver.self_parameter or resolver.parent_parameter or resolver.root_parameter:
        return None
    if any(isinstance(argument.type, StrawberryMaybe) for argument in field.arguments):
        return None
    name_of = schema.config.name_converter.from_argument
    return {name_of(argument): argument.python_name for argument in field.arguments}
