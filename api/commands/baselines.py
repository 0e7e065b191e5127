"""`yukyu monitor baseline` and `yukyu monitor compare`: how the database does when all is well, and now."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.commands.asking import who
from api.commands.on_site import on_site
from api.commands.options import AsJson, DataDir
from api.commands.printing import print_json
from db import control
from jobs.alerts.wording.amounts import amount
from jobs.baselines import taking
from jobs.baselines.comparing import Change
from jobs.baselines.metrics import METRICS

Label = Annotated[str | None, typer.Option("--label", help="What it is taken for; one line.")]
BaselineId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The baseline's id; the newest when not given.")]
All = Annotated[bool, typer.Option("--all", help="Every statement and table, not only what has become worse.")]
SHOWN_TEXT = 70


def baseline(label: Label = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Keep how the database did in the last hour, to compare with later. The last ten are kept; one is taken every day.

    Example: `yukyu monitor baseline --label before-version-2`
    """
    taken = on_site(data_dir, lambda site: taking.create(site, label, by=who()))
    if as_json:
        print_json(_plain(taken))
    else:
        _print_baseline(taken)


def compare(
    baseline_id: BaselineId = None,
    every: All = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Compare the last ten minutes with a baseline; exit 1 when something has become worse, or there is no baseline.

    Example: `yukyu monitor compare`
    """
    found = on_site(data_dir, lambda site: taking.compare(site, baseline_id))
    if found is None:
        Console(stderr=True).print("There is no baseline yet; take one with: yukyu monitor baseline")
        raise typer.Exit(1)
    if as_json:
        changes = [asdict(change) | {"change_percent": change.percent} for change in found.changes]
        current, then = _plain(found.current), _plain(found.baseline)
        print_json({"baseline": then, "current": current, "changes": changes, "regressed": found.regressed})
    else:
        _print_comparison(found, every=every)
    if found.regressed:
        raise typer.Exit(1)


def _plain(taken: control.Baseline) -> dict[str, Any]:
    return taken.model_dump(mode="json", exclude={"created_by"})


def _print_baseline(taken: control.Baseline) -> None:
    console = Console(highlight=False)
    table = Table("Metric", box=None, padding=(0, 2, 0, 0))
    for heading in ("Median", "Deviation", "Samples"):
        table.add_column(heading, justify="right")
    metrics = taking.metrics_of(taken)
    for each in metrics:
        if each.name in METRICS:
            value, deviation = (amount(figure, each.unit, each.unit) for figure in (each.value, each.deviation))
            table.add_row(each.name, value, deviation, str(each.samples))
    console.print(table)
    others = sum(each.name not in METRICS for each in metrics)
    console.print(f"and {others} statements and tables; kept as {taken.id}")


def _print_comparison(found: taking.Comparison, *, every: bool) -> None:
    console = Console(highlight=False)
    label = f" ({found.baseline.label})" if found.baseline.label else ""
    console.print(f"Now, against {found.baseline.taken_at:%Y-%m-%d %H:%M} UTC{label}", markup=False)
    table = Table("Metric", box=None, padding=(0, 2, 0, 0))
    for heading in ("Then", "Now", "Change"):
        table.add_column(heading, justify="right")
    for change in found.changes:
        if every or change.regressed or change.name in METRICS:
            table.add_row(*_row(change), style="red" if change.regressed else "")
    console.print(table)
    worse = sum(change.regressed for change in found.changes)
    console.print(f"{worse} worse" if worse else "[green]Nothing is worse.[/]")


def _row(change: Change) -> tuple[str, ...]:
    text = " ".join((change.query or "").split())
    name = f"{change.name}\n  {text[:SHOWN_TEXT]}" if text else change.name
    then, now = (amount(figure, change.unit, change.unit) for figure in (change.before, change.after))
    return escape(name), then, now, "" if change.percent is None else f"{change.percent:+,.0f} %"
