"""The short way from a document that was seen before to its answer.

Most operations are one query field, answered by plain attributes all the way down, and most documents come again and
again with other variables. For such a document a route is made once: which field, under which permissions, and the plan
by which its value is completed (`schema.plans`). What is left for each request is to look at its variables, to charge
for it, and to ask the resolver.

This is the only place where that is done. Whatever is not as the route expects it, from a variable of the wrong type to
an error of the resolver, is left to Strawberry and graphql-core, which say what is wrong: an answer is the same to the
byte either way, and so are charges, refusals and the audit log (`tests/schema/test_quick.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from typing import Any, NamedTuple, cast

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from graphql import ExecutionResult as CoreResult
from graphql.execution import MiddlewareManager
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.schema.schema_converter import get_arguments
from strawberry.types import ExecutionResult
from strawberry.types.field import StrawberryField

from db.errors import AppError
from schema.context import Context
from schema.documents import Cost, Preparation, Prepared, admit
from schema.errors import presentable
from schema.plans import DEFINITION, Complete, plan_of, switches
from schema.sharing import SharingExecution
from schema.straight import Variables, as_given, as_they_are, names_of, simple_variables, straight_arguments
from schema.written import Form, form_of

Outcome = Callable[..., Any]
Heard = Callable[[Sequence[GraphQLError], Context], None]

# As many errors as graphql-core looks for in the variables of one operation.
MOST_ERRORS = 50
INFO = "info"
QUERY = OperationType.QUERY.value
IS_AWAITABLE: Any = optimized_is_awaitable


@dataclass(frozen=True, slots=True)
class Route:
    """What one operation of a document asks for, given the variables that `@skip` and `@include` read."""

    name: str
    definition: GraphQLField
    field: StrawberryField
    ask: Outcome  # its resolver, as it was written
    details: FieldDetails
    permissions: Sequence[BasePermission]
    complete: Complete
    form: Form | None
    info: Any  # a resolver's, but for what belongs to one request
    asks_info: bool
    straight: tuple[Variables, Mapping[str, str]] | None  # see `straight_arguments`


class Meant(NamedTuple):
    """One operation of a document, the types of its variables where none needs converting, and whether any switches."""

    operation: OperationDefinitionNode
    simple: Mapping[str, type] | None
    switched: bool


class Ready(NamedTuple):
    """An operation with its variables, looked at and allowed, and nothing done yet."""

    prepared: Prepared
    route: Route
    variables: Variables
    name: str | None
    cost: Cost
    resolve: Outcome


class Quick:
    """Answers what it can of one schema's operations.

    Args:
        schema: Strawberry's, and `core` is the same as graphql-core has it.
        preparation: the documents that were seen before.
        heard: is told of the errors in answers.
    """

    def __init__(self, schema: strawberry.Schema, core: GraphQLSchema, preparation: Preparation, heard: Heard) -> None:
        self._schema = schema
        self._core = core
        self._preparation = preparation
        self._heard = heard
        query = core.query_type
        self._searched = query and query.fields["search"].type

    async def answer(
        self, text: str, variables: Variables | None, name: str | None, context: Context
    ) -> ExecutionResult | None:
        """Return the result of an operation; None, and nothing was done or charged, where there is no short way."""
        ready = self.ready(text, variables, name, context)
        if ready is None:
            return None
        try:
            self.admit(ready, context)
        except AppError:  # which the general way tells
            return None
        return await self.run(ready, context)

    def ready(self, text: str, variables: Variables | None, name: str | None, context: Context) -> Ready | None:
        """Return an operation that its caller may run; None where there is no short way."""
        prepared = self._preparation.known(text)
        if prepared is None or prepared.errors or prepared.introspects:
            return None
        given = variables or {}
        try:
            meant = prepared.plans.once(("meant", name), lambda: _meant(prepared, name))
            if meant is None:
                return None
            values = None if meant.simple is None else as_given(meant.simple, given)
            if values is None:
                values = get_variable_values(
                    self._core, meant.operation.variable_definitions or (), given, max_errors=MOST_ERRORS
                )
            if isinstance(values, list):
                return None
            key = ("route", name, switches(values.coerced) if meant.switched else ())
            route = prepared.plans.once(key, lambda: self._route(prepared, name, given))
            if route is None:
                return None
            context.plans = prepared.plans
            resolve = self._call(route, values, context)
            cost = prepared.cost(name, variables, self._preparation.limits)
        except Exception:  # noqa: BLE001 - whatever it is, the general way comes upon it and tells it
            return None
        return Ready(prepared, route, given, name, cost, resolve)

    def admit(self, ready: Ready, context: Context) -> None:
        """Charge the caller of an operation.

        Raises:
            AppError: they may not run it now; nothing was charged.
        """
        admit(ready.prepared, context, ready.cost)

    async def run(self, ready: Ready, context: Context) -> ExecutionResult:
        """Return the result of an operation that was admitted."""
        context.operation, context.form = QUERY, ready.route.form
        result = await _answered(ready.route, ready.resolve, context)
        if isinstance(result, ExecutionResult):
            result.extensions = {"cost": ready.cost}
            return result
        explained = await self._explained(ready.prepared, ready.variables, ready.name, context, result)
        return ExecutionResult(explained.data, explained.errors, {"cost": ready.cost})

    def _route(  # noqa: PLR0911 - as above
        self, prepared: Prepared, name: str | None, variables: Variables
    ) -> Route | None:
        """Return the way of an operation that asks one field of plain attributes; None where it asks for more."""
        root, document = self._core.query_type, prepared.document
        if root is None or document is None:
            return None
        execution: Any = SharingExecution.build(
            self._core, document, None, None, variables, name, is_awaitable=IS_AWAITABLE
        )
        if isinstance(execution, list):
            return None
        collected = collect_fields(
            self._core,
            execution.fragments,
            execution.variable_values,
            root,
            execution.operation,
            hide_suggestions=False,
        )
        fields = collected.grouped_field_set
        if len(fields) != 1 or collected.new_defer_usages:
            return None
        ((response_name, details),) = fields.items()
        definition = root.fields.get(details[0].node.name.value)
        field = definition and definition.extensions.get(DEFINITION)
        resolver = field.base_resolver if isinstance(field, StrawberryField) else None
        if definition is None or field is None or resolver is None:
            return None
        if resolver.info_parameter is not None and resolver.info_parameter.name != INFO:
            return None
        permissions = _permissions(field)
        complete = plan_of(execution, definition.type, details)
        if permissions is None or complete is None:
            return None
        nodes: list[FieldNode] = [each.node for each in details]
        path = Path(None, response_name, root.name)
        info = execution.build_resolve_info(definition, nodes, root, path)
        return Route(
            name=response_name,
            definition=definition,
            field=field,
            ask=cast("Outcome", resolver.wrapped_func),
            details=details[0],
            permissions=permissions,
            complete=complete,
            form=form_of(execution, definition.type, details) if definition.type == self._searched else None,
            info=info,
            asks_info=resolver.info_parameter is not None,
            straight=straight_arguments(
                details[0],
                get_argument_values(
                    definition, details[0].node, execution.variable_values, details[0].fragment_variable_values
                ),
                names_of(self._schema, field),
            ),
        )

    def _call(self, route: Route, values: VariableValues, context: Context) -> Outcome:
        """Return what asks the resolver, for a caller who may.

        Raises:
            Exception: they may not, or an argument cannot be meant.
        """
        raw = route.info._replace(variable_values=values.coerced, context=context)
        info: strawberry.Info[Context, None] = self._schema.config.info_class(_raw_info=raw, _field=route.field)
        arguments: list[Any] = [None]
        plain = None if route.straight is None or values.sources else as_they_are(*route.straight, values.coerced)
        if plain is None:
            arguments, plain = get_arguments(
                field=route.field,
                source=None,
                info=info,
                kwargs=get_argument_values(
                    route.definition, route.details.node, values, route.details.fragment_variable_values
                ),
                config=self._schema.config,
                scalar_registry=self._schema.schema_converter.scalar_registry,
            )
            plain.pop(INFO, None)
        named = {**plain, INFO: info} if route.asks_info else plain
        for permission in route.permissions:
            if permission.has_permission(None, info, **plain) is not True:
                raise PermissionError
        return partial(route.ask, *arguments, **named)

    async def _explained(
        self, prepared: Prepared, variables: Variables, name: str | None, context: Context, outcome: Outcome
    ) -> CoreResult:
        """Let graphql-core make an answer of what the resolver has given or raised, which it is not asked for again."""

        def given(resolve: Callable[..., Any], root: Any, info: Any, **arguments: Any) -> Any:  # noqa: ANN401 - a middleware
            return outcome() if info.path.prev is None else resolve(root, info, **arguments)

        result: Any = execute(
            self._core,
            cast("DocumentNode", prepared.document),
            context_value=context,
            variable_values=variables,
            operation_name=name,
            middleware=MiddlewareManager(given),
            executor_class=SharingExecution,
            is_awaitable=IS_AWAITABLE,
        )
        if isawaitable(result):
            result = await result
        if result.errors:
            self._heard(result.errors, context)
            result.errors = [presentable(error) for error in result.errors]
        return result


async def _answered(route: Route, resolve: Outcome, context: Context) -> ExecutionResult | Outcome:
    """Return the answer; where there is something to explain, what gives once more what the resolver has given."""
    try:
        value = resolve()
        if isawaitable(value):
            value = await value
    except Exception as error:  # noqa: BLE001 - it becomes the answer's
        return _raising(error)
    try:
        return ExecutionResult(data={route.name: route.complete(value)}, errors=None)
    except Exception:  # noqa: BLE001 - the general way comes upon it and tells it
        if context.form is None:
            return lambda: value
        context.form = None  # what is written is for the plan alone
        return await _answered(route, resolve, context)


def _raising(error: Exception) -> Outcome:
    def again() -> Any:  # noqa: ANN401 - nothing
        raise error

    return again


def _meant(prepared: Prepared, name: str | None) -> Meant | None:
    """Return what is known of the query that is meant, as `_operation` finds it."""
    operation = _operation(prepared, name)
    if operation is None:
        return None
    simple = simple_variables(operation)
    return Meant(operation, simple, switched=simple is None or bool in simple.values())


def _operation(prepared: Prepared, name: str | None) -> OperationDefinitionNode | None:
    """Return the query that is meant; None where another kind is, or where it has to be said which."""
    definitions = prepared.document.definitions if prepared.document else ()
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        operations = [each for each in operations if each.name is not None and each.name.value == name]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return None
    return operations[0]


def _permissions(field: StrawberryField) -> Sequence[BasePermission] | None:
    """Return what a field's callers need; None where something else stands before its resolver too."""
    found: list[BasePermission] = []
    for extension in field.extensions:
        if not isinstance(extension, PermissionExtension) or extension.fail_silently or not extension.supports_sync:
            return None
        found += extension.permissions
    return found
