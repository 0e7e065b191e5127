"""Reads a statement, to see that it is one that only reads."""

import logging
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from db.errors import BadInputError

# It logs the statements it does not understand, and what is in them is not for logs.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

LONGEST: Final = 20_000
DIALECT: Final = "postgres"
HINT: Final = "Send one SELECT, as in: SELECT * FROM staff WHERE employee_num = 'AB123'"

READS: Final = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)
WRITES: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.DDL, exp.Command, exp.Copy)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that reads; `functions` are the names it calls, `has_parameters` when there is a $1 in it."""

    sql: str
    tree: exp.Expr
    functions: tuple[str, ...]
    has_parameters: bool


def one_select(sql: str) -> Statement:
    """Return the one SELECT that a text is.

    Raises:
        BadInputError: it is anything else.
    """
    if not sql.strip() or len(sql) > LONGEST or "\0" in sql:
        raise BadInputError(f"A statement has 1 to {LONGEST:,} characters.", hint=HINT)
    tree, tokens = _parsed(sql)
    if isinstance(tree, exp.Command) or not isinstance(tree, READS):
        raise BadInputError("Only a SELECT can be explained.", hint=HINT)
    if any(tree.find_all(*WRITES)):
        raise BadInputError("The statement writes: a WITH or a part of it inserts, updates or deletes.", hint=HINT)
    if tree.find(exp.Into):
        raise BadInputError("SELECT INTO makes a table.", hint="Leave INTO out.")
    if tree.find(exp.Lock):
        raise BadInputError("SELECT FOR UPDATE or FOR SHARE locks rows.", hint="Leave FOR UPDATE out.")
    has_parameters = any(token.token_type is TokenType.PARAMETER for token in tokens)
    return Statement(sql.strip().rstrip(";"), tree, _functions(sql, tokens), has_parameters)


def _parsed(sql: str) -> tuple[exp.Expr, list[Token]]:
    try:
        tokens = Postgres().tokenize(sql)
        found = [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except (SqlglotError, RecursionError) as failure:
        reason = str(failure).partition("\n")[0] or "it is nested too deep"
        raise BadInputError(f"The statement cannot be read: {reason}", hint=HINT) from failure
    if len(found) != 1:
        raise BadInputError(f"This is {len(found) or 'no'} statements, and one can be explained.", hint=HINT)
    return found[0], tokens


def _functions(sql: str, tokens: list[Token]) -> tuple[str, ...]:
    """Return every name before a parenthesis, keywords among them, as PostgreSQL reads names."""
    ampersands = (token.start for token in tokens if token.token_type is TokenType.AMP)
    if any(sql[start - 1 : start + 2].upper() == 'U&"' for start in ampersands):
        raise BadInputError('Names and strings of the form U&"…" are not read.', hint="Write the letters themselves.")
    names = {
        name.text if name.token_type is TokenType.IDENTIFIER else name.text.lower()
        for name, following in pairwise(tokens)
        if following.token_type is TokenType.L_PAREN and name.text
    }
    return tuple(sorted(names))
