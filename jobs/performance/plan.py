"""A plan as EXPLAIN tells it in JSON: its nodes, and how people read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Node = dict[str, Any]

# What a plan says below a node, in the order of PostgreSQL's own text.
DETAILS: Final = (
    "Sort Key",
    "Group Key",
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "Rows Removed by Filter",
    "Rows Removed by Join Filter",
    "Rows Removed by Index Recheck",
    "Heap Fetches",
    "Sort Method",
    "Hash Batches",
    "HashAgg Batches",
    "Disk Usage",
    "Workers Launched",
)


@dataclass(frozen=True, slots=True)
class Step:
    """A node of a plan and how deep it is; `above` is the node it hands its rows to.

    `limited` when one above may have stopped asking for more.
    """

    node: Node
    depth: int = 0
    above: Node | None = None
    limited: bool = False

    @property
    def kind(self) -> str:
        return self.node["Node Type"]

    @property
    def where(self) -> str:
        """What it is about, as in 'Seq Scan on staff'."""
        index, relation = self.node.get("Index Name"), self.node.get("Relation Name")
        parts = (self.kind, index and f"using {index}", relation and f"on {relation}")
        return " ".join(part for part in parts if part)

    @property
    def loops(self) -> int:
        """How often it was run; 1 when the statement was not."""
        return int(self.node.get("Actual Loops", 1))


def steps(plan: Node) -> Iterator[Step]:
    """Yield a plan's nodes from the top."""
    yield from _below(Step(plan["Plan"]))


def _below(step: Step) -> Iterator[Step]:
    yield step
    limited = step.limited or step.kind == "Limit"
    for child in step.node.get("Plans", ()):
        yield from _below(Step(child, step.depth + 1, step.node, limited))


def text(plan: Node) -> str:
    """Return the plan as psql shows it, nearly."""
    lines = [line for step in steps(plan) for line in _lines(step)]
    lines += [f"{key}: {plan[key]:.3f} ms" for key in ("Planning Time", "Execution Time") if key in plan]
    return "\n".join(lines)


def _lines(step: Step) -> Iterator[str]:
    node, indent = step.node, "  " * (3 * step.depth)
    arrow = "->  " if step.depth else ""
    estimate = f"(cost={node['Startup Cost']:.2f}..{node['Total Cost']:.2f} rows={node['Plan Rows']:.0f})"
    yield f"{indent[:-4] if step.depth else ''}{arrow}{step.where}  {estimate}{_actual(node)}"
    if "Subplan Name" in node:
        yield f"{indent}  {node['Subplan Name']}"
    for detail in DETAILS:
        if detail in node:
            value = node[detail]
            yield f"{indent}  {detail}: {', '.join(map(str, value)) if isinstance(value, list) else value}"


def _actual(node: Node) -> str:
    if "Actual Rows" not in node:
        return ""
    if not node["Actual Loops"]:
        return " (never executed)"
    times = (
        f"time={node['Actual Startup Time']:.3f}..{node['Actual Total Time']:.3f} "
        if "Actual Total Time" in node
        else ""
    )
    return f" (actual {times}rows={node['Actual Rows']:.0f} loops={node['Actual Loops']})"
