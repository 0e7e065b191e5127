"""Finds the staged rows that a table would refuse, before it has to."""

import re
from collections.abc import Iterator

from sqlalchemy import CheckConstraint, Table, Text, Update, cast, func, literal, select, text, update

from db.transfer.stage import Stage
from db.transfer.tables import sql

_WORD = re.compile(r"\w+")


def of(stage: Stage) -> Iterator[str]:
    """Yield statements that mark rows with the fault that keeps them out; the first fault counts."""
    for constraint in sorted(stage.target.constraints, key=lambda one: str(one.name)):
        if isinstance(constraint, CheckConstraint):
            yield sql(_breaks(constraint, stage.table))
    for key in (("id",), *stage.natural_keys):
        yield sql(_repeats(key, stage.table))
    yield sql(_belongs_to_another(stage.target, stage.table))


def _breaks(constraint: CheckConstraint, stage: Table) -> Update:
    """A check holds when it is not false: NULL passes, as it does in the table."""
    condition = str(constraint.sqltext)
    escaped = condition.replace(":", "\\:")  # text() takes a colon for a parameter
    columns = [name for name in dict.fromkeys(_WORD.findall(condition)) if name in stage.columns]
    value = func.concat_ws(", ", *(cast(stage.columns[name], Text) for name in columns))
    return (
        update(stage)
        .where(stage.c.fault_reason.is_(None), text(f"NOT ({escaped})"))
        .values(
            fault_column=", ".join(columns),
            fault_value=value,
            fault_reason=f"breaks the rule {condition}",
        )
    )


def _repeats(key: tuple[str, ...], stage: Table) -> Update:
    """Of several rows with one key the first is taken."""
    columns = [stage.columns[name] for name in key]
    repeated = (
        select(*columns, func.min(stage.c.row_number).label("first"))
        .where(stage.c.fault_reason.is_(None))
        .group_by(*columns)
        .having(func.count() > 1)
        .subquery("repeated")
    )
    same = [column == repeated.columns[column.name] for column in columns]
    return (
        update(stage)
        .where(stage.c.fault_reason.is_(None), *same, stage.c.row_number != repeated.c.first)
        .values(
            fault_column=", ".join(key),
            fault_value=func.concat_ws(", ", *(cast(column, Text) for column in columns)),
            fault_reason=func.concat("is the same as in row ", cast(repeated.c.first, Text)),
        )
    )


def _belongs_to_another(target: Table, stage: Table) -> Update:
    """An id that stands for somebody else here comes from another file: taking the row would overwrite theirs."""
    return (
        update(stage)
        .where(
            stage.c.fault_reason.is_(None),
            stage.c.id == target.c.id,
            stage.c.employee_num != target.c.employee_num,
        )
        .values(
            fault_column=literal("id"),
            fault_value=stage.c.id,
            fault_reason=func.concat("already belongs to employee number ", target.c.employee_num),
        )
    )
