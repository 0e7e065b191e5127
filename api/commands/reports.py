"""What `yukyu data` prints for people."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from jobs.data.legacy import ImportReport, Problem

SHOWN = 20


def print_sample(loaded: Mapping[str, int]) -> None:
    table = Table("Table", box=None)
    table.add_column("Rows", justify="right")
    for name, rows in loaded.items():
        table.add_row(name, f"{rows:,}")
    Console(highlight=False).print(table)


def print_import(report: ImportReport) -> None:
    """Print the counts on standard output, and what needs a person's attention on standard error."""
    table = Table("Table", box=None)
    for heading in ("Read", "Added", "Changed", "Unchanged", "Rejected"):
        table.add_column(heading, justify="right")
    for name, one in report.tables.items():
        counts = (one.read, one.inserted, one.updated, one.unchanged, one.rejected)
        table.add_row(name, *(f"{count:,}" for count in counts))
    Console(highlight=False).print(table)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in _remarks(report):
        console.print(line, markup=False)


def _remarks(report: ImportReport) -> list[str]:
    tables = report.tables.values()
    return [
        *_listed("Rejected", [problem for table in tables for problem in table.rejects]),
        *_listed("Taken, rounded", [problem for table in tables for problem in table.rounded]),
        *(f"Table {name} is not one of the six and was left." for name in report.unknown_tables),
        *(f"Table {name} is not in the file." for name in report.missing_tables),
        *(f"Column {name}.{column} is unknown and was left." for name, one in report.tables.items()
          for column in one.unknown_columns),
    ]  # fmt: skip


def _listed(what: str, problems: Sequence[Problem]) -> list[str]:
    lines = [f"{what}: {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"{what}: {len(problems) - SHOWN:,} more; --json lists them all.")
    return lines
