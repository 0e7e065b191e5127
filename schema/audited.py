"""Leaves no mutation and no refusal out of the audit log."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from db.control import audit
from db.errors import AppError
from schema.context import LONGEST_SUBJECT, Context
from schema.errors import RateLimitedError
from schema.roles import ANONYMOUS, ForbiddenError, UnauthenticatedError
from schema.types.refusal import Refusal

Resolve = Callable[..., Any]

RATE_LIMITED = RateLimitedError.code
CAPITAL = re.compile("[A-Z]")


def audit_mutations(schema: GraphQLSchema) -> None:
    """Let every field of the mutation type leave an entry in the audit log.

    Whatever a mutation does writes its own entry with it, in one transaction. One that has written none, for it
    failed or was declined or changes nothing in the control store, gets one here.
    """
    mutation = schema.mutation_type
    if isinstance(mutation, GraphQLObjectType):
        for name, field in mutation.fields.items():
            if field.resolve is not None:
                field.resolve = _audited(_action(name), field.resolve)


def note_refusals(errors: Sequence[GraphQLError], context: Context) -> None:
    """Note whoever is signed in and asked for what is not theirs."""
    for error in errors:
        if isinstance(error.original_error, ForbiddenError):
            # The field's own name, for its alias is the caller's to choose.
            node = error.nodes[0] if error.nodes else None
            what = node.name.value if isinstance(node, FieldNode) else "operation"
            context.access.journal.refused(
                who=context.identity.name, action=_action(what), reason=error.message, origin=context.origin
            )


def _audited(action: str, resolve: Resolve) -> Resolve:
    async def audited(root: object, info: GraphQLResolveInfo[Context], **arguments: Any) -> object:  # noqa: ANN401 - of any type
        context = info.context
        entries = context.origin.entries
        try:
            outcome = await _awaited(resolve(root, info, **arguments))
        except (ForbiddenError, UnauthenticatedError):
            raise  # a refusal: `note_refusals` knows of it
        except asyncio.CancelledError:  # it took too long, or the server stops; how far it came nobody knows
            _note(context, action, arguments, audit.FAILED, {"code": "CANCELLED"})
            raise
        except Exception as error:
            code = error.code if isinstance(error, AppError) else AppError.code
            await _record(context, action, arguments, audit.FAILED, {"code": code})
            raise
        if context.origin.entries == entries:
            result = audit.REFUSED if isinstance(outcome, Refusal) else audit.SUCCEEDED
            await _record(context, action, arguments, result, _why(outcome))
        return outcome

    return audited


async def _awaited(outcome: Awaitable[object] | object) -> object:
    return await outcome if isawaitable(outcome) else outcome


async def _record(
    context: Context, action: str, arguments: dict[str, Any], result: str, details: dict[str, Any]
) -> None:
    """Write an entry, without the arguments but for the id: they may hold what nobody else is to know."""
    code = details.get("code")
    strange = context.identity is ANONYMOUS and result != audit.SUCCEEDED
    if strange or code == RATE_LIMITED:  # repeats are counted: what anybody can send must not fill the disk
        who, reason = context.identity.name, str(code or result)
        context.access.journal.refused(who=who, action=action, reason=reason, origin=context.origin)
        return
    if context.access.control is None:
        _note(context, action, arguments, result, details)
        return
    async with context.access.control.transaction() as session:
        await audit.record(
            session,
            who=context.identity.name,
            action=action,
            subject=_subject(arguments),
            result=result,
            details=details,
            now=context.access.clock(),
        )


def _note(context: Context, action: str, arguments: dict[str, Any], result: str, details: dict[str, Any]) -> None:
    context.access.journal.note(
        who=context.identity.name,
        action=action,
        subject=_subject(arguments),
        result=result,
        details=details,
        origin=context.origin,
    )


def _subject(arguments: dict[str, Any]) -> str:
    return str(arguments.get("id", ""))[:LONGEST_SUBJECT]


def _why(outcome: object) -> dict[str, Any]:
    return {"code": outcome.code} if isinstance(outcome, Refusal) else {}


def _action(name: str) -> str:
    """Return how the audit log calls a field: 'createBackup' is 'create-backup'."""
    return CAPITAL.sub(lambda letter: "-" + letter.group().lower(), name)
