"""Each document is parsed, measured and validated once; the outcome is remembered by its text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    validate,
)
from graphql import OperationType as GraphQLOperationType
from graphql.validation import specified_rules
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.execution import ExecutionContext

from db.errors import AppError
from schema.context import Context
from schema.errors import QueryTooComplexError, as_graphql_error, extensions_of
from schema.formulas import Formula, formulas_of
from schema.introspection import introspects, may_introspect, require_introspection
from schema.limits import Limits, check
from schema.plans import Plans
from schema.remembered import Remembered

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
# A parsed document takes up to 200 bytes a character, so this is 50 MB at the very worst, and 5 as a rule.
MOST_REMEMBERED_CHARACTERS = 250_000
REPORTED_ERRORS = 10

Cost = dict[str, int]
# Parsing and validating take about as long a token as two values of an answer do.
CHARACTERS_PER_UNIT, MOST_TO_READ = 4, 4_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed document, and the reasons why it will not be run or else what its operations cost.

    What cannot be parsed is no document, and has its reason.
    """

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict[str, Formula])
    introspects: bool = False
    plans: Plans = field(default_factory=Plans)

    def cost(self, name: str | None, variables: Mapping[str, Any] | None, limits: Limits) -> Cost:
        """Return what an operation costs, as `extensions.cost` says it; the only one where none is named."""
        formula = self.formulas[name] if name else next(iter(self.formulas.values()))
        return {"requested": formula.cost(variables), "maximum": limits.cost}

    @property
    def operations(self) -> int:
        definitions = self.document.definitions if self.document else ()
        return sum(isinstance(definition, OperationDefinitionNode) for definition in definitions)


class Preparation:
    """Prepares documents for one schema, and remembers those that it was given of late by their text."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._remembered: Remembered[Prepared] = Remembered(most_characters=MOST_REMEMBERED_CHARACTERS)

    def known(self, text: str) -> Prepared | None:
        return self._remembered.get(text)

    def prepared(self, schema: GraphQLSchema, text: str) -> Prepared:
        prepared = self.known(text)
        if prepared is None:
            prepared = _prepare(schema, text, self.limits)
            self._remembered.keep(text, prepared)
        return prepared


def reading_cost(text: str) -> int:
    """Return what it costs to look at a document, whatever comes of it; too long a one is not read to its end."""
    return min(len(text) // CHARACTERS_PER_UNIT, MOST_TO_READ)


def _prepare(schema: GraphQLSchema, text: str, limits: Limits) -> Prepared:
    try:
        document = parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        return Prepared(None, (error,))
    try:
        check(document, limits)
    except QueryTooComplexError as error:
        return Prepared(document, (as_graphql_error(error),))
    if errors := validate(schema, document, RULES, max_errors=REPORTED_ERRORS):
        return Prepared(document, tuple(errors))
    return Prepared(document, formulas=formulas_of(schema, document), introspects=introspects(document))


class PrepareDocuments(SchemaExtension):
    """Hands Strawberry what was prepared, in the places where it would parse and validate itself.

    What the caller may not ask for, or not now, is refused in the same place.
    """

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self._limits = preparation.limits
        self._prepared: Prepared | None = None
        self._cost: Cost | None = None

    def on_operation(self) -> Iterator[None]:
        context = self.execution_context
        if context.query:
            self._prepared = self._preparation.known(context.query) or self._look_at(context.query)
            context.graphql_document = self._prepared.document or _stand_in(context)
            if self._prepared.document is not None:
                context.context.operation = _kind(self._prepared.document, _named(context))
                context.context.plans = self._prepared.plans
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if self._prepared is not None:
            context.pre_execution_errors = self._errors(self._prepared, context)
        yield

    def get_results(self) -> dict[str, Any]:
        return {} if self._cost is None else {"cost": self._cost}

    def _look_at(self, text: str) -> Prepared:
        """Prepare a document that is not known, and charge its caller for that: most of what is refused is new."""
        context = self.execution_context
        try:
            context.context.charge(reading_cost(text))
        except AppError as error:
            return Prepared(None, (as_graphql_error(error),))
        return self._preparation.prepared(context.schema._schema, text)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name

    def _errors(self, prepared: Prepared, context: ExecutionContext) -> list[GraphQLError]:
        caller: Context = context.context
        errors = list(prepared.errors)
        if errors and not may_introspect(caller.identity, caller.introspection):
            errors = [_without_suggestion(error) for error in errors]
        name = _named(context)
        # Strawberry would run the first of several operations when none is named.
        if prepared.operations > 1 and name is None:
            errors.append(GraphQLError("Name one of the document's operations to run."))
        return errors or self._refusals(prepared, caller, name, context.variables)

    def _refusals(
        self, prepared: Prepared, caller: Context, name: str | None, variables: dict[str, Any] | None
    ) -> list[GraphQLError]:
        """Return why this caller may not run a valid operation, and charge for it when there is no reason."""
        self._cost = prepared.cost(name, variables, self._limits)
        try:
            admit(prepared, caller, self._cost)
        except AppError as error:
            extensions = {**extensions_of(error), "cost": self._cost}
            return [GraphQLError(error.message, original_error=error, extensions=extensions)]
        return []


def admit(prepared: Prepared, caller: Context, cost: Cost) -> None:
    """Charge the caller for a valid operation that they may run.

    Raises:
        AppError: they may not, or not now; nothing was charged.
    """
    if prepared.introspects:
        require_introspection(caller.identity, caller.introspection)
    if cost["requested"] > cost["maximum"]:
        raise QueryTooComplexError(
            f"The operation costs {cost['requested']:,}; {cost['maximum']:,} is allowed.",
            hint="Ask for fewer fields, or for a smaller `first`.",
        )
    caller.charge(cost["requested"])


def _stand_in(context: ExecutionContext) -> DocumentNode:
    """Return what is never run in place of a document that cannot be parsed, which Strawberry would try once more."""
    operation = next(iter(context.allowed_operations))
    name = _named(context)
    definition = OperationDefinitionNode(
        operation=GraphQLOperationType(operation.value),
        name=None if name is None else NameNode(value=name),
        selection_set=SelectionSetNode(selections=()),
    )
    return DocumentNode(definitions=(definition,))


def _without_suggestion(error: GraphQLError) -> GraphQLError:
    """Return the error without names of the schema that its caller may not look at."""
    message, suggested = re.subn(r" Did you mean .*", "", error.message, flags=re.DOTALL)
    return GraphQLError(message, nodes=error.nodes, extensions=error.extensions) if suggested else error


def _kind(document: DocumentNode, name: str | None) -> str | None:
    """Return whether a query, a mutation or a subscription is asked for; None where that cannot be told."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        operations = [each for each in operations if each.name is not None and each.name.value == name]
    return operations[0].operation.value if len(operations) == 1 else None


def _named(context: ExecutionContext) -> str | None:
    return context._provided_operation_name  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
