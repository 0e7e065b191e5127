"""Each document is parsed, measured and validated once; the outcome is remembered by its text."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate
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
from schema.remembered import Remembered

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
# A parsed document takes up to 200 bytes a character, so this is 50 MB at the very worst, and 5 as a rule.
MOST_REMEMBERED_CHARACTERS = 250_000
REPORTED_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed document, and the reasons why it will not be run or else what its operations cost."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict[str, Formula])
    introspects: bool = False

    @property
    def operations(self) -> int:
        return sum(isinstance(definition, OperationDefinitionNode) for definition in self.document.definitions)


Prepare = Callable[[GraphQLSchema, str], Prepared]


def preparation(limits: Limits) -> Prepare:
    """Return a function from text to prepared document that remembers what it was given of late.

    It is meant for one schema. What cannot be parsed raises GraphQLSyntaxError and is not remembered.
    """
    remembered: Remembered[Prepared] = Remembered(most_characters=MOST_REMEMBERED_CHARACTERS)

    def prepare(schema: GraphQLSchema, text: str) -> Prepared:
        prepared = remembered.get(text)
        if prepared is None:
            prepared = _prepare(schema, text, limits)
            remembered.keep(text, prepared)
        return prepared

    return prepare


def _prepare(schema: GraphQLSchema, text: str, limits: Limits) -> Prepared:
    document = parse(text, max_tokens=limits.tokens)
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

    def __init__(self, prepare: Prepare, limits: Limits) -> None:
        self._prepare = prepare
        self._limits = limits
        self._prepared: Prepared | None = None
        self._cost: dict[str, int] | None = None

    def on_operation(self) -> Iterator[None]:
        context = self.execution_context
        context.parse_options["max_tokens"] = self._limits.tokens
        if context.query:
            try:
                self._prepared = self._prepare(context.schema._schema, context.query)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
                context.graphql_document = self._prepared.document
            except GraphQLError:
                pass  # Strawberry parses it again, meets the same error and reports it
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if self._prepared is not None:
            context.pre_execution_errors = self._errors(self._prepared, context)
        yield

    def get_results(self) -> dict[str, Any]:
        return {} if self._cost is None else {"cost": self._cost}

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
        formula = prepared.formulas[name] if name else next(iter(prepared.formulas.values()))
        cost = formula.cost(variables)
        self._cost = {"requested": cost, "maximum": self._limits.cost}
        try:
            if prepared.introspects:
                require_introspection(caller.identity, caller.introspection)
            if cost > self._limits.cost:
                raise QueryTooComplexError(
                    f"The operation costs {cost:,}; {self._limits.cost:,} is allowed.",
                    hint="Ask for fewer fields, or for a smaller `first`.",
                )
            caller.charge(cost)
        except AppError as error:
            return [GraphQLError(error.message, extensions={**extensions_of(error), "cost": self._cost})]
        return []


def _without_suggestion(error: GraphQLError) -> GraphQLError:
    """Return the error without names of the schema that its caller may not look at."""
    message = re.sub(r" Did you mean .*", "", error.message, flags=re.DOTALL)
    return GraphQLError(message, nodes=error.nodes, extensions=error.extensions)


def _named(context: ExecutionContext) -> str | None:
    return context._provided_operation_name  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
