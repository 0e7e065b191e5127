"""What `yukyu monitor` prints."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.filesize import decimal
from rich.table import Column, Table

from api.commands.printing import print_json
from jobs.performance import IndexUse, QueryPlan, Report, SlowQuery, Suggestion, TableUse
from jobs.performance.report import StatementsUnavailableError

PADDING = (0, 2, 0, 0)
LONGEST = 70


def print_report(report: Report, *, threshold_ms: float, first: int) -> None:
    console = Console(highlight=False)
    ratio = "unknown" if report.cache_hit_ratio is None else f"{report.cache_hit_ratio:.1%}"
    console.print(f"Measured {report.taken_at:%Y-%m-%d %H:%M:%S} UTC; found in memory of late: {ratio}\n")
    _print_slow(console, report, threshold_ms=threshold_ms, first=first)
    console.print(_tables(report.tables[:first]))
    console.print()
    worth_a_look = [each for each in report.indexes if _remarks(each)]
    console.print(_indexes(worth_a_look[:first]) if worth_a_look else "Every index is used, valid and the only one.")
    for remark in report.unavailable:
        console.print(f"- {remark}", markup=False, soft_wrap=True)


def print_report_as_json(report: Report, *, threshold_ms: float, first: int) -> None:
    """Print all there is; `slow_queries` is null where nobody counts statements."""
    slow = report.slow_queries(threshold_ms=threshold_ms, first=first) if report.statements is not None else None
    print_json(
        {
            "taken_at": report.taken_at,
            "since": report.since,
            "cache_hit_ratio": report.cache_hit_ratio,
            "slow_queries": slow,
            "tables": report.tables,
            "indexes": report.indexes,
            "unavailable": list(report.unavailable),
        }
    )


def print_plan(plan: QueryPlan, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(plan))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(plan.text, markup=False)
    for advice in plan.advice:
        console.print(f"\n- {advice}", markup=False)


def print_suggestions(suggestions: Sequence[Suggestion], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in suggestions])
        return
    console = Console(highlight=False, soft_wrap=True)
    if not suggestions:
        console.print("No statement that takes 10 ms or longer on average wants an index that is not there.")
    for each in suggestions:
        console.print(f"[bold]{each.statement};[/]")
        console.print(each.reason, markup=False)
        if each.cost_before is not None and each.cost_after is not None:
            console.print(f"The planner expects it to cost {each.cost_after:,.1f} instead of {each.cost_before:,.1f}.")
        console.print()


def _print_slow(console: Console, report: Report, *, threshold_ms: float, first: int) -> None:
    try:
        slow = report.slow_queries(threshold_ms=threshold_ms, first=first)
    except StatementsUnavailableError as error:
        console.print(error.message, markup=False, style="yellow", soft_wrap=True)
        console.print(f"{error.hint}\n", markup=False, style="dim", soft_wrap=True)
        return
    console.print(_slow(slow) if slow else f"No statement takes longer than {threshold_ms:g} ms on average.")
    console.print()


def _slow(found: Sequence[SlowQuery]) -> Table:
    table = Table(*_numbers("Mean ms", "Longest ms", "Calls", "Cache"), "Statement", box=None, padding=PADDING)
    for each in found:
        statement = each.statement
        ratio = "" if each.cache_hit_ratio is None else f"{each.cache_hit_ratio:.0%}"
        numbers = (f"{statement.mean_ms:,.1f}", f"{statement.max_ms:,.1f}", f"{statement.calls:,}", ratio)
        table.add_row(*numbers, _short(statement.query))
    return table


def _tables(found: Sequence[TableUse]) -> Table:
    numbers = _numbers("Rows", "Dead", "Bloat", "Size", "Read whole", "By index")
    table = Table(Column("Table", no_wrap=True), *numbers, box=None, padding=PADDING)
    for each in found:
        one = each.table
        about = "about " if one.bloat_is_estimate else ""
        bloat = "" if one.bloat_percent is None else f"{about}{one.bloat_percent:.0f} %"
        counts = (f"{each.sequential_scans:,}", f"{each.index_scans:,}")
        table.add_row(one.name, f"{one.live_rows:,}", f"{one.dead_rows:,}", bloat, decimal(one.total_bytes), *counts)
    return table


def _indexes(found: Sequence[IndexUse]) -> Table:
    table = Table(Column("Index", no_wrap=True), "Of", *_numbers("Size", "Scans"), "Remark", box=None, padding=PADDING)
    for each in found:
        one = each.index
        table.add_row(one.name, one.table, decimal(one.size_bytes), f"{each.scans:,}", ", ".join(_remarks(each)))
    return table


def _remarks(use: IndexUse) -> list[str]:
    index = use.index
    remarks = {
        "not valid: drop it and make it again": not index.is_valid,
        f"the same as {index.duplicate_of}": index.duplicate_of is not None,
        "never used": use.unused,
    }
    return [remark for remark, applies in remarks.items() if applies]


def _numbers(*headings: str) -> list[Column]:
    return [Column(heading, justify="right", no_wrap=True) for heading in headings]


def _short(query: str) -> str:
    line = " ".join(query.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
