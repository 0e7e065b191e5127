"""No statement is made of what somebody sent: every text that reaches a database is a constant, or reviewed below.

The sources are read, not run. Constant are literals, names that modules give to literals, and SQLAlchemy's own
expressions, whose values are parameters.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "schema", "jobs", "db")

# Methods of asyncpg, SQLAlchemy and sqlite3 whose first argument is a statement.
TAKING = re.compile(
    "execute(many|script)?|fetch(row|val|many)?|cursor|copy_from_query|prepare|exec_driver_sql|"
    "scalars?|stream(_scalars)?|text"
)
BUILDING = frozenset(
    {"select", "select_from", "insert", "update", "delete", "values", "where", "order_by", "returning", "limit", "func"}
)

# Where a statement is put together, of what. Whoever adds a line has looked where each part comes from.
REVIEWED = {
    # Not SQL.
    ("api/graphql_endpoint.py", "operation.query"): "GraphQL",
    ("schema/build.py", "query"): "GraphQL",
    ("schema/quick.py", "self._core"): "GraphQL's execute",
    ("db/cluster/clone.py", "installation"): "a directory that is made",
    ("db/cluster/initialise.py", "installation"): "the same",
    ("db/cluster/server.py", "self._installation"): "the same",
    # The cluster's own roles and database, which are constants; PostgreSQL takes no parameters there.
    ("db/cluster/roles.py", "f'GRANT pg_monitor TO {APPLICATION}, {REPLICATION}'"): "constants",
    ("db/cluster/roles.py", "f'CREATE DATABASE {DATABASE} OWNER {APPLICATION}'"): "constants",
    ("db/cluster/roles.py", "f'CREATE EXTENSION IF NOT EXISTS {extension}'"): "a tuple of constants",
    (
        "db/cluster/roles.py",
        "f\"CREATE ROLE {name} {options} PASSWORD '{scram_verifier(password)}'\"",
    ): "constants, and a verifier in base64",
    (
        "db/restores/takeover.py",
        "f\"ALTER ROLE {role} PASSWORD '{scram_verifier(password)}'\"",
    ): "constants, and a verifier in base64",
    # The control store.
    ("db/control/file.py", "f'PRAGMA busy_timeout = {BUSY_SECONDS * 1000}'"): "a constant number",
    ("db/control/file.py", "'BEGIN IMMEDIATE' if writes else 'BEGIN'"): "two constants",
    ("db/control/file.py", "factory"): "the class of a cursor",
    ("db/cluster/roles.py", "GRANT_UNTRACKED"): "a constant",
    # What an admin wants explained, or the server's own statistics have: one SELECT, as jobs/performance makes sure by
    # parsing it, in a transaction that only reads, by the protocol that takes one statement.
    ("db/performance/plans.py", "f'EXPLAIN ({options}) {sql}'"): "see above",
    ("db/performance/prepared.py", "f'PREPARE {NAME} AS {sql}'"): "see above",
    ("db/performance/prepared.py", "f'EXPLAIN (FORMAT JSON) EXECUTE {NAME}{arguments}'"): "as many NULLs",
    ("db/performance/prepared.py", "f'DEALLOCATE {NAME}'"): "a constant",
    ("db/monitoring/reading.py", "statement"): "constants of db/monitoring/views.py",
    ("jobs/performance/explaining.py", "made"): "a plan, which is written out as text",
    ("db/control/audit_guard.py", "statement"): "constants of the module",
    (
        "db/control/upgrade.py",
        "f'ALTER TABLE {preparer.format_table(table)} ADD COLUMN {definition}'",
    ): "a table and a column of the metadata, as SQLAlchemy writes them",
    # A database file. Names of our own tables and columns, out of the metadata and the registry; values are parameters.
    ("db/fallback/backups.py", "f'SELECT count(*) FROM {table}'"): "table names of the metadata",
    ("db/fallback/connection.py", "searching.COUNTS"): "constants of the module",
    (
        "db/fallback/connection.py",
        "statement",
    ): "made of table and column names; keys and what was typed are parameters",
    ("db/fallback/merging.py", "f'DELETE FROM {self.table.name} WHERE id = ?'"): "a table name of the metadata",
    ("db/fallback/merging.py", "f'DROP TABLE IF EXISTS temp.{self._stage}'"): "a name made of a table's",
    (
        "db/fallback/merging.py",
        "f'SELECT {columns} FROM main.{self.table.name} WHERE {where}'",
    ): "table and column names of the metadata",
    (
        "db/fallback/merging.py",
        "f'UPDATE {self.table.name} SET {changes} WHERE id = :id'",
    ): "table and column names of the metadata",
    ("db/fallback/merging.py", "self._into_stage"): "table and column names of the metadata",
    ("db/fallback/merging.py", "shape"): "the file's own definition of one of our tables",
    ("db/fallback/merging.py", "statement"): "table and column names of the metadata",
    (
        "db/fallback/migrations.py",
        'f"""SELECT name, type, "notnull" FROM pragma_table_info(\'{table.name}\')"""',
    ): "a table name of the metadata",
    ("db/fallback/opening.py", "PATIENT"): "a constant number",
    ("db/fallback/transfer.py", "f'DELETE FROM {table.name}'"): "a table name of the metadata",
    ("db/fallback/transfer.py", "f'SELECT count(*) FROM {table.name}'"): "a table name of the metadata",
    ("db/fallback/transfer.py", "statement"): "table and column names of the metadata",
    # Names of our own tables and columns, out of the metadata.
    ("db/records.py", "statement"): "made at import of table and column names; the key is a parameter",
    ("db/personal/rotation.py", "NEXT[table]"): "table and column names of the metadata; the rest are parameters",
    ("db/personal/rotation.py", "NEXT_SEALED[table]"): "the same",
    ("db/personal/rotation.py", "REPLACE[table]"): "the same",
    ("db/personal/rotation.py", "statement"): "the same",
    ("db/restores/contents.py", "NEWER_ROWS.format(table=table)"): "table names of the metadata",
    ("db/restores/contents.py", "COUNT.format(table=table)"): "table names of the metadata",
    ("db/search/searching.py", "statement.sql"): "made once a shape, of the registry; what was typed is a parameter",
    ("db/search/writing.py", "statement"): "the same",
    ("db/tables/searchable.py", "f'({looked_up})'"): "column names of the metadata",
    ("db/tables/searchable.py", "f'{looked_up} IS NOT NULL'"): "column names of the metadata",
    ("db/transfer/indexes.py", "index['drop']"): "definitions of the server's own catalogue",
    ("db/transfer/indexes.py", "index['make']"): "definitions of the server's own catalogue",
    ("db/transfer/judgements.py", "f'NOT ({escaped})'"): "a check constraint of the metadata",
    (
        "db/transfer/merging.py",
        "f\"ANALYZE {stage.name} ({', '.join(stage.joined)})\"",
    ): "names of a staging table and its columns, made of a table's",
    ("db/transfer/merging.py", "statement"): "table and column names of the metadata",
    ("db/transfer/merging.py", "statements.verdicts"): "table and column names of the metadata",
    ("db/transfer/merging.py", "statements.rejected"): "table and column names of the metadata",
    ("db/transfer/imports.py", "NEWEST"): "constants of the module",
    ("db/transfer/imports.py", "BY_ID"): "constants of the module",
    ("db/transfer/reading.py", "statement"): "table and column names of the metadata",
    ("db/transfer/stage.py", "statement"): "table and column names of the metadata",
    ("db/transfer/undoing.py", "statement"): "table and column names of the metadata; the number is a parameter",
    ("db/transfer/undoing.py", "REMOVE.format(table=table.name)"): "table names of the metadata",
    (
        "db/transfer/undoing.py",
        "PUT_BACK.format(table=table.name, columns=', '.join(columns), old_columns=old)",
    ): "table and column names of the metadata",
    ("db/transfer/tables.py", "TRUNCATE"): "table names of the metadata",
    (
        "db/transfer/writing.py",
        "LOCK.format(names=', '.join((table.name for table in tables)))",
    ): "table names of the metadata",
    ("db/transfer/writing.py", "statement"): "table names of the metadata",
    # A file of the old application: read only, and its names quoted.
    ("jobs/data/legacy/source.py", "statement"): "names of the file's schema, quoted",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def assigned(module: ast.Module, name: str) -> ast.expr | None:
    """Return what a module gives this name to, if it does so outside of functions."""
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return node.value
    return None


def is_constant(node: ast.expr | None, module: ast.Module, modules: dict[str, ast.Module]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            found = assigned(module, name)
            return (found is not None and is_constant(found, module, modules)) or imported(name, module, modules)
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return any(
                is_constant(assigned(other, attribute), other, modules)
                for path, other in modules.items()
                if path.endswith(f"/{name}.py")
            )
        case ast.Call(func=ast.Name(id="text" | "sql"), args=[inner, *_]):
            return is_constant(inner, module, modules) or is_expression(inner)
        case _:
            return node is not None and is_expression(node)


def imported(name: str, module: ast.Module, modules: dict[str, ast.Module]) -> bool:
    """Return whether the name is a constant of the module that it is imported from."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
            path = f"{node.module.replace('.', '/')}.py"
            return path in modules and is_constant(assigned(modules[path], name), modules[path], modules)
    return False


def is_expression(node: ast.expr) -> bool:
    """Return whether SQLAlchemy's own functions make it: `select(…).where(…)`, `table.insert().values(…)`."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in BUILDING or name == "CreateTable"


@cache
def statements() -> frozenset[tuple[str, str]]:
    """Return the file and the text of each statement that is not constant."""
    return frozenset(built())


def built() -> Iterator[tuple[str, str]]:
    modules = dict(sources())
    for path, module in modules.items():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if TAKING.fullmatch(name) and not is_constant(node.args[0], module, modules):
                yield path, ast.unparse(node.args[0])


def test_no_statement_is_put_together_but_those_that_were_reviewed() -> None:
    assert statements() - set(REVIEWED) == set()


def test_no_review_is_left_of_a_statement_that_is_gone() -> None:
    assert set(REVIEWED) - statements() == set()
