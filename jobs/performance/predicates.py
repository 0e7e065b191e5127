"""Which columns of which tables a statement compares and sorts by: what an index could be for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from db.performance.catalog import TableFacts

DIALECT: Final = "postgres"
EQUALITY: Final = (exp.EQ, exp.In)
RANGE: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
MOST_COLUMNS: Final = 3


@dataclass(slots=True)
class Wanted:
    """Of one table in one statement: columns compared for equality and for a range, and those it is sorted by."""

    table: TableFacts
    equal: list[str] = field(default_factory=list[str])
    ranged: list[str] = field(default_factory=list[str])
    sorted: list[str] = field(default_factory=list[str])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the index that would serve: equality first, then a range or the order."""
        rest = self.ranged[:1] or self.sorted
        return tuple(dict.fromkeys([*self.equal[:MOST_COLUMNS], *rest]))[:MOST_COLUMNS]

    @property
    def is_served(self) -> bool:
        """Whether an index begins with one of the columns already."""
        return not self.table.leading.isdisjoint(self.equal or self.columns[:1])


def wanted_by(sql: str, tables: Mapping[str, TableFacts]) -> list[Wanted]:
    """Return what a statement wants of each of our tables; nothing of one that cannot be read."""
    try:
        tree = sqlglot.parse_one(sql, dialect=DIALECT)
    except (SqlglotError, RecursionError):
        return []
    return [wanted for select in tree.find_all(exp.Select, exp.Update, exp.Delete) for wanted in _of(select, tables)]


def condition_on(table: TableFacts, condition: str) -> Wanted:
    """Return what a plan's filter wants of its table."""
    wanted = Wanted(table)
    try:
        tree = sqlglot.condition(condition, dialect=DIALECT)
    except (SqlglotError, RecursionError):
        return wanted
    _add(tree, {"": wanted, table.relname: wanted})
    return wanted


def index_on(table: TableFacts, columns: Iterable[str]) -> str:
    """Return the statement that makes an index."""
    names = ", ".join(map(_quoted, columns))
    return f"CREATE INDEX CONCURRENTLY ON {table.name} ({names})"


def _of(statement: exp.Expr, tables: Mapping[str, TableFacts]) -> Iterator[Wanted]:
    """Yield what one SELECT, UPDATE or DELETE wants, without its subqueries: those are statements of their own."""
    named = {table.alias_or_name: Wanted(tables[table.name]) for table in _tables(statement) if table.name in tables}
    if not named:
        return
    for condition in _conditions(statement):
        _add(condition, named)
    if len(named) == 1 and (order := statement.args.get("order")):
        _sort(order, named)
    yield from (wanted for wanted in named.values() if wanted.columns)


def _tables(statement: exp.Expr) -> Iterator[exp.Table]:
    source = statement.args.get("from_") or statement.args.get("from")
    places = [source.this if isinstance(source, exp.From) else None, statement.this]
    places += [join.this for join in statement.args.get("joins") or ()]
    yield from (place for place in places if isinstance(place, exp.Table))


def _conditions(statement: exp.Expr) -> Iterator[exp.Expr]:
    if where := statement.args.get("where"):
        yield where.this
    for join in statement.args.get("joins") or ():
        if on := join.args.get("on"):
            yield on


def _add(condition: exp.Expr, named: Mapping[str, Wanted]) -> None:
    """Note what the parts of a condition compare that all have to hold."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        _add(condition.left, named)
        _add(condition.right, named)
    elif isinstance(condition, EQUALITY):
        sides = [condition.this] if isinstance(condition, exp.In) else [condition.this, condition.expression]
        _note(sides, named, "equal")
    elif isinstance(condition, RANGE):
        sides = [condition.this] if isinstance(condition, exp.Between) else [condition.this, condition.expression]
        _note(sides, named, "ranged")


def _note(sides: Iterable[exp.Expr], named: Mapping[str, Wanted], how: str) -> None:
    for side in sides:
        column = side.unnest()
        if isinstance(column, exp.Column) and (found := _resolve(column, named)):
            columns: list[str] = getattr(found, how)
            if column.name not in columns:
                columns.append(column.name)


def _sort(order: exp.Expr, named: Mapping[str, Wanted]) -> None:
    """Note the order, as far as it is that of columns, all in one direction."""
    keys = [key for key in order.expressions if isinstance(key, exp.Ordered)]
    if len({bool(key.args.get("desc")) for key in keys}) == 1:
        _note([key.this for key in keys], named, "sorted")


def _resolve(column: exp.Column, named: Mapping[str, Wanted]) -> Wanted | None:
    """Return whose column it is; None when it is nobody's, or may be that of several."""
    if column.table:
        found = named.get(column.table)
        return found if found and column.name in found.table.columns else None
    owners = {id(wanted): wanted for wanted in named.values() if column.name in wanted.table.columns}
    return next(iter(owners.values())) if len(owners) == 1 else None


def _quoted(name: str) -> str:
    plain = name.isascii() and name.isidentifier() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'
