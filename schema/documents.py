"""Each document is parsed, measured and validated once; the outcome is remembered by its text."""

import gc
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
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
# Parsing and validating take about as long a character as two values of an answer do; too long a document is given up.
UNITS_PER_CHARACTER, MOST_TO_READ = 2, 8_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed document and what its operations cost; or the reasons why it will not be run.

    Of one that will not be run, `document` says only which operations it has, and of what cannot be parsed nothing.
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
            with _leaving_nothing():
                prepared = _prepare(schema, text, self.limits)
            self._remembered.keep(text, prepared)
        return prepared


def reading_cost(text: str) -> int:
    """Return what it costs to look at a document, whatever comes of it; too long a one is not read to its end."""
    return min(len(text) * UNITS_PER_CHARACTER, MOST_TO_READ)


def _prepare(schema: GraphQLSchema, text: str, limits: Limits) -> Prepared:
    try:
        document = parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        return Prepared(None, (error.with_traceback(None),))
    try:
        check(document, limits)
    except QueryTooComplexError as error:
        return Prepared(_outline(document), _without_nodes((as_graphql_error(error),)))
    if errors := validate(schema, document, RULES, max_errors=REPORTED_ERRORS):
        return Prepared(_outline(document), _without_nodes(errors))
    return Prepared(document, formulas=formulas_of(schema, document), introspects=introspects(document))


@contextmanager
def _leaving_nothing() -> Generator[None]:
    """Free what parsing and validating leave behind while it is young.

    Tokens refer to each other in circles, and so do validation's visitors. Left to itself the garbage collector comes
    by while they are in use, and has them grow old: then a full collection has to find them, and everybody waits.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect(0)


def _outline(document: DocumentNode) -> DocumentNode:
    """Return a document's operations without what they ask for."""
    operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return DocumentNode(
        definitions=tuple(_asking_nothing(each.operation, each.name and each.name.value) for each in operations)
    )


def _asking_nothing(operation: GraphQLOperationType, name: str | None) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=operation,
        name=None if name is None else NameNode(value=name),
        selection_set=SelectionSetNode(selections=()),
    )


def _without_nodes(errors: Iterable[GraphQLError]) -> tuple[GraphQLError, ...]:
    """Return errors that know where they are in the text, and keep alive no nodes, tokens or frames."""
    for error in errors:
        if error.original_error is not None:
            error.original_error.__traceback__ = None
    return tuple(_about_the_text(error, error.message) for error in errors)


def _about_the_text(error: GraphQLError, message: str) -> GraphQLError:
    return GraphQLError(
        message,
        source=error.source,
        positions=error.positions,
        original_error=error.original_error,
        extensions=error.extensions,
    )


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
    return DocumentNode(definitions=(_asking_nothing(GraphQLOperationType(operation.value), _named(context)),))


def _without_suggestion(error: GraphQLError) -> GraphQLError:
    """Return the error without names of the schema that its caller may not look at."""
    message, suggested = re.subn(r" Did you mean .*", "", error.message, flags=re.DOTALL)
    return _about_the_text(error, message) if suggested else error


def _kind(document: DocumentNode, name: str | None) -> str | None:
    """Return whether a query, a mutation or a subscription is asked for; None where that cannot be told."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        operations = [each for each in operations if each.name is not None and each.name.value == name]
    return operations[0].operation.value if len(operations) == 1 else None


def _named(context: ExecutionContext) -> str | None:
    return context._provided_operation_name  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
