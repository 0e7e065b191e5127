"""What a plan says about a statement, in plain words."""

from collections.abc import Iterator, Mapping
from typing import Final

from db.performance.catalog import TableFacts
from jobs.performance.plan import Node, Step, steps
from jobs.performance.predicates import condition_on, index_on

LARGE_ROWS: Final = 10_000
THINNED: Final = 0.1
MISJUDGED: Final = 10
ENOUGH_ROWS: Final = 100
MANY_LOOPS: Final = 1_000
MUCH: Final = 0.25
OUTGROWN: Final = 2
FEW_PAGES: Final = 10

CONDITIONS: Final = frozenset({"Filter", "Index Cond", "Recheck Cond", "Join Filter", "Hash Cond", "Merge Cond"})

Facts = Mapping[str, TableFacts]


def advise(plan: Node, tables: Facts, pages: Mapping[str, int]) -> list[str]:
    """Return sentences, each with what to do; none when nothing is wrong. `pages` are those of the tables now."""
    found = list(steps(plan))
    said = [sentence for step in found for sentence in _of_step(step, tables)]
    said += [sentence for step in found for sentence in _loops(step, whole_ms=plan.get("Execution Time"))]
    said += [sentence for name, now in pages.items() if name in tables for sentence in _statistics(tables[name], now)]
    return list(dict.fromkeys(said))


def sequential_scans(plan: Node) -> list[str]:
    """Return the tables that are read as a whole."""
    scans = [step.node.get("Relation Name") for step in steps(plan) if step.kind == "Seq Scan"]
    return list(dict.fromkeys(name for name in scans if name))


def _of_step(step: Step, tables: Facts) -> Iterator[str]:
    yield from _scan(step, tables)
    yield from _misestimate(step)
    yield from _disk(step)


def _scan(step: Step, tables: Facts) -> Iterator[str]:
    """Tell of a table that is read as a whole for a few of its rows."""
    table, condition = tables.get(step.node.get("Relation Name", "")), step.node.get("Filter")
    if step.kind != "Seq Scan" or table is None or condition is None:
        return
    kept, read = _kept(step, table)
    if read < LARGE_ROWS or kept > read * THINNED:
        return
    wanted = condition_on(table, condition)
    advice = "No index can serve this condition as it is written: compare a column itself with a value."
    if wanted.columns and not wanted.is_served:
        advice = f"An index would find them: {index_on(table, wanted.columns)}"
    elif wanted.columns:
        advice = "There is an index on its columns: see that both sides have the same type, and ANALYZE the table."
    yield f"All {read:,} rows of {table.name} are read and {kept:,} kept, by {condition}. {advice}"


def _kept(step: Step, table: TableFacts) -> tuple[int, int]:
    """Return how many rows a scan keeps and reads, in all its loops and workers; as expected when it was not run."""
    node = step.node
    if "Actual Rows" not in node:
        return int(node["Plan Rows"]), table.rows
    kept = round(node["Actual Rows"] * step.loops)
    return kept, kept + round(node.get("Rows Removed by Filter", 0) * step.loops)


def _misestimate(step: Step) -> Iterator[str]:
    """Tell of rows expected far more or far fewer than came."""
    node = step.node
    if "Actual Rows" not in node or not step.loops:
        return
    expected, came = max(1.0, float(node["Plan Rows"])), max(1.0, float(node["Actual Rows"]))
    if came < expected and (step.limited or CONDITIONS.isdisjoint(node)):  # no more may have been asked for
        return
    ratio = max(expected / came, came / expected)
    if ratio >= MISJUDGED and max(expected, came) >= ENOUGH_ROWS:
        yield (
            f"{step.where} was expected to give {expected:,.0f} rows and gave {came:,.0f}. ANALYZE the table; where "
            "columns depend on each other, CREATE STATISTICS tells the planner."
        )


def _disk(step: Step) -> Iterator[str]:
    node = step.node
    if node.get("Sort Space Type") == "Disk":
        yield (
            f"A sort did not fit into memory: {node['Sort Space Used']:,} kB went to disk. Raise work_mem for it, sort "
            "fewer rows or columns, or let an index give the order."
        )
    batches = max(int(node.get("Hash Batches", 1)), int(node.get("HashAgg Batches", 1)))
    if batches > 1:
        yield (
            f"A hash did not fit into memory and was done in {batches:,} batches, by way of the disk. Raise work_mem "
            "for it, or filter rows before they are joined or grouped."
        )


def _loops(step: Step, *, whole_ms: float | None) -> Iterator[str]:
    """Tell of a nested loop whose inner side was run very often, when much of the time was spent there."""
    inner = (step.above or {}).get("Node Type") == "Nested Loop" and step.node.get("Parent Relationship") == "Inner"
    milliseconds = float(step.node.get("Actual Total Time", 0)) * step.loops
    if inner and step.loops >= MANY_LOOPS and whole_ms is not None and milliseconds >= whole_ms * MUCH:
        yield (
            f"A nested loop ran {step.where} {step.loops:,} times, {milliseconds:,.0f} of {whole_ms:,.0f} ms. Join "
            "fewer rows, or index and ANALYZE the joined columns so that a hash join or a cheap look-up is chosen."
        )


def _statistics(table: TableFacts, pages: int) -> Iterator[str]:
    if table.rows < 0 and pages > 0:
        yield f"{table.name} was never analysed, so that the planner guesses: ANALYZE {table.name}"
    elif pages > OUTGROWN * table.pages + FEW_PAGES:
        yield f"{table.name} has {pages:,} pages and had {table.pages:,} when it was analysed: ANALYZE {table.name}"
