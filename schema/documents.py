"""Each document is parsed, measured and validated once; the outcome is remembered by its text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql.validation import specified_rules
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.execution import ExecutionContext

from schema.errors import QueryTooComplexError, as_graphql_error
from schema.limits import Limits, check
from schema.remembered import Remembered

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
# A parsed document takes up to 200 bytes a character, so this is 50 MB at the very worst, and 5 as a rule.
MOST_REMEMBERED_CHARACTERS = 250_000
REPORTED_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed document, and the reasons why it will not be run."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...] = ()

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
    return Prepared(document, tuple(validate(schema, document, RULES, max_errors=REPORTED_ERRORS)))


class PrepareDocuments(SchemaExtension):
    """Hands Strawberry what was prepared, in the places where it would parse and validate itself."""

    def __init__(self, prepare: Prepare, limits: Limits) -> None:
        self._prepare = prepare
        self._limits = limits
        self._prepared: Prepared | None = None

    def on_operation(self) -> Iterator[None]:
        context = self.execution_context
        context.parse_options["max_tokens"] = self._limits.tokens
        if context.query:
            try:
                self._prepared = self._prepare(context.schema._schema, context.query)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
                context.graphql_document = self._prepared.document
            except GraphQLError:
                pass  # Strawberry parses it again, meets the same error and reports it
        if self._prepared is not None:
            context.context.operation = _kind(self._prepared.document, _named(context))
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if self._prepared is not None:
            context.pre_execution_errors = list(self._prepared.errors)
            # Strawberry would run the first of several operations when none is named.
            if self._prepared.operations > 1 and _named(context) is None:
                context.pre_execution_errors.append(GraphQLError("Name one of the document's operations to run."))
        yield


def _kind(document: DocumentNode, name: str | None) -> str | None:
    """Return whether a query, a mutation or a subscription is asked for; None where that cannot be told."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        operations = [each for each in operations if each.name is not None and each.name.value == name]
    return operations[0].operation.value if len(operations) == 1 else None


def _named(context: ExecutionContext) -> str | None:
    return context._provided_operation_name  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - has no public name
