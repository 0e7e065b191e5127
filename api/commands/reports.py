"""What `yukyu data` prints for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from db.transfer import Import, Undone
from jobs.data.dump import Manifest
from jobs.data.legacy import ImportReport, Problem
from jobs.data.verifying import Verification

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
    output = Console(highlight=False, soft_wrap=True)
    output.print(table)
    output.print(_outcome(report), markup=False)
    _say(_remarks(report))


def _outcome(report: ImportReport) -> str:
    if report.dry_run:
        return "This was a dry run: nothing was changed."
    if report.refused:
        return "Nothing was changed, for --strict was given and not every row can be taken."
    return f"Import {report.id}; to take it back: yukyu data rollback {report.id}"


def print_export(manifest: Manifest, directory: Path) -> None:
    print_sample({name: part.rows for name, part in manifest.tables.items()})
    typer.echo(f"Written to {directory}; it holds personal data in plain.")


def print_verification(found: Verification) -> None:
    """Print counts and checksums on standard output, and the first differences on standard error."""
    table = Table(Column("Table", no_wrap=True), box=None)
    for heading in ("Source", "Here", "Same", "Differ", "Missing", "Only here", "Rejected"):
        table.add_column(heading, justify="right")
    for name, one in found.tables.items():
        counts = (
            one.source_rows,
            one.database_rows,
            one.same,
            one.different,
            one.only_in_source,
            one.only_in_database,
            one.not_takeable,
        )
        table.add_row(name, *(f"{count:,}" for count in counts))
    output = Console(highlight=False, soft_wrap=True)
    output.print(table)
    for name, one in found.tables.items():
        equal = one.source_checksum == one.database_checksum
        output.print(f"{name}: checksum {one.source_checksum}{'' if equal else f', here {one.database_checksum}'}")
    output.print("Everything is the same." if found.alike else "There are differences.")
    _say(
        [
            *(f"{name}: {difference}" for name, one in found.tables.items() for difference in one.differences),
            *(f"Table {name} is not one of the six and was left." for name in found.unknown_tables),
            *(f"Table {name} is not in the source." for name in found.missing_tables),
        ]
    )


def print_imports(found: Sequence[Import], *, full: bool) -> None:
    table = Table(Column("Import", no_wrap=True), "From", "Added", "Changed", "Rejected", "Who", "", box=None)
    for one in found:
        tables = one.report.get("tables", {}).values()
        added, changed, rejected = (
            sum(each[count] for each in tables) for count in ("inserted", "updated", "rejected")
        )
        table.add_row(
            one.id,
            escape(one.source),
            f"{added:,}",
            f"{changed:,}",
            f"{rejected:,}",
            escape(one.imported_by),
            _standing(one),
        )
    Console(highlight=False, soft_wrap=True).print(table if found else "Nothing was imported yet.")
    if full:
        _say([_kept(problem) for one in found for each in one.report["tables"].values() for problem in each["rejects"]])


def _kept(problem: Mapping[str, Any]) -> str:
    return f"Rejected: {Problem(**problem)}"


def _standing(one: Import) -> str:
    if one.rolled_back_at is not None:
        return f"rolled back {one.rolled_back_at:%Y-%m-%d %H:%M:%S}"
    said = [] if one.journal_dropped_at is None else ["cannot be rolled back any more"]
    if pending := one.report.get("pending_tables"):
        said.append(f"broken off before {' and '.join(pending)} came in")
    return "; ".join(said)


def print_rollback(id_: str, undone: Mapping[str, Undone]) -> None:
    table = Table("Table", box=None)
    for heading in ("Taken out", "Put back", "Brought back"):
        table.add_column(heading, justify="right")
    for name, one in undone.items():
        table.add_row(name, f"{one.removed:,}", f"{one.restored:,}", f"{one.brought_back:,}")
    Console(highlight=False).print(table)
    typer.echo(f"Import {id_} was rolled back.")


def _say(lines: Sequence[str]) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line, markup=False)


def _remarks(report: ImportReport) -> list[str]:
    tables = report.tables.values()
    return [
        *_listed("Rejected", [problem for table in tables for problem in table.rejects]),
        *_listed("Taken, rounded", [problem for table in tables for problem in table.rounded]),
        *([f"The rejected rows are in {report.rejects_file}: mend them there, and import that."]
          if report.rejects_file else []),
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
