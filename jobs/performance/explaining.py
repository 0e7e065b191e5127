"""Explains one statement: how PostgreSQL would do it, or did, and what to do about it."""

import asyncio
from dataclasses import dataclass
from typing import Final

import asyncpg
import orjson

from db.engines import Engines
from db.errors import BadInputError
from db.performance import catalog, plans
from db.performance.catalog import TableFacts
from db.performance.plans import Explained
from jobs.performance import advice, plan
from jobs.performance.statement import Statement, one_select

# Of these classes PostgreSQL's words are about the statement, and not about what is in the tables: feature, syntax or
# access rule, program limit, and lack of resources.
ABOUT_STATEMENT: Final = frozenset({"0A", "42", "54", "53"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlan:
    """A plan for people and for programs; `execution_ms` when it was run."""

    text: str
    json: str
    total_cost: float
    execution_ms: float | None
    sequential_scans: list[str]
    advice: list[str]


async def explain(engines: Engines, sql: str, *, analyze: bool = False) -> QueryPlan:
    """Return the plan of one SELECT, made on a replica where there is one; with `analyze` it is run, for 5 s at most.

    Raises:
        BadInputError: it is not one statement that only reads, or PostgreSQL refuses it.
        DatabaseUnavailableError: no server answers.
        NeedsPostgresError: the database is a file.
    """
    engines.require_server("An explanation needs")
    statement = await asyncio.to_thread(one_select, sql)  # a long one takes half a second
    if statement.has_parameters and analyze:
        raise BadInputError(
            "A statement with parameters such as $1 cannot be run.",
            hint="Put values in their place, or do not analyze.",
        )

    async def work(connection: asyncpg.Connection) -> tuple[Explained, dict[str, TableFacts]]:
        await _require(connection, statement, analyze=analyze)
        made = await plans.explain(connection, statement.sql, analyze=analyze, has_parameters=statement.has_parameters)
        return made, await catalog.tables(connection)

    try:
        explained, tables = (await engines.read(work)).value
    except asyncpg.PostgresError as failure:
        raise _refused(failure) from failure
    except asyncpg.InterfaceError as failure:
        raise BadInputError("PostgreSQL reads other parameters in the statement than we do.") from failure
    made = explained.plan
    return QueryPlan(
        text=plan.text(made),
        json=orjson.dumps([made], option=orjson.OPT_INDENT_2).decode(),
        total_cost=float(made["Plan"]["Total Cost"]),
        execution_ms=made.get("Execution Time"),
        sequential_scans=advice.sequential_scans(made),
        advice=advice.advise(made, tables, explained.pages),
    )


async def _require(connection: asyncpg.Connection, statement: Statement, *, analyze: bool) -> None:
    if analyze and (found := await plans.volatile(connection, list(statement.functions))):
        raise BadInputError(
            f"The statement calls {', '.join(found)}, which may do something besides reading, so it is not run.",
            hint="Explain it without analyze, or without that function.",
        )


def _refused(failure: asyncpg.PostgresError) -> BadInputError:
    """Say why, without a word of PostgreSQL's that may repeat what is in a table."""
    state = str(getattr(failure, "sqlstate", ""))
    if isinstance(failure, asyncpg.QueryCanceledError):
        return BadInputError("The statement took longer than 5 s and was stopped.", hint="Explain it without analyze.")
    if isinstance(failure, asyncpg.LockNotAvailableError):
        return BadInputError("A table of the statement is locked by somebody else.", hint="Try again in a moment.")
    if isinstance(failure, asyncpg.ReadOnlySQLTransactionError):
        return BadInputError("The statement writes, and only reading can be explained.")
    if state[:2] in ABOUT_STATEMENT:
        return BadInputError(f"PostgreSQL refuses the statement: {failure.args[0]}.")
    name = type(failure).__name__.removesuffix("Error")
    return BadInputError(
        f"The statement failed on what it read: {name}, SQLSTATE {state}.", hint="Explain it without analyze."
    )
