"""What `yukyu alerts` prints of alerts, rules and silences."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from db.control import Alert, AlertState, Severity, Silence
from jobs.alerts.rule import Rule

SEVERITIES = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.CRITICAL: "bold red"}
STATES = {AlertState.PENDING: "dim", AlertState.FIRING: "red", AlertState.RESOLVED: "green"}
PADDING = (0, 2, 0, 0)
MINUTE, HOUR, DAY = 60, 3600, 86400


def print_alerts(alerts: Sequence[Alert]) -> None:
    """Print a line an alert, and below it what was measured, and why it is not told where it is not."""
    console = Console(highlight=False)
    if not alerts:
        console.print("Nothing fires.")
    for alert in alerts:
        severity = f"[{SEVERITIES[alert.severity]}]{alert.severity}[/]"
        state = f"[{STATES[alert.state]}]{alert.state}[/]"
        console.print(f"{severity} {state} {alert.rule_key}: {escape(alert.subject)}", soft_wrap=True)
        console.print(f"  {escape(alert.summary)}", soft_wrap=True)
        console.print(f"  [dim]{' · '.join(map(escape, _remarks(alert)))}[/]", soft_wrap=True)


def print_rules(rules: Sequence[Rule]) -> None:
    table = Table(Column("Rule", no_wrap=True), "Severity", "Fires", box=None, padding=PADDING)
    for rule in rules:
        severity = f"[{SEVERITIES[rule.severity]}]{rule.severity}[/]" if rule.enabled else "[dim]off[/]"
        table.add_row(rule.key, severity, _condition(rule))
    Console(highlight=False).print(table)


def print_rule(rule: Rule) -> None:
    console = Console(highlight=False, soft_wrap=True)
    severity = f"[{SEVERITIES[rule.severity]}]{rule.severity}[/]" if rule.enabled else "[dim]off[/]"
    console.print(f"{rule.title} ({rule.key}, {severity})")
    console.print(f"{rule.description}\n", markup=False)
    console.print(f"Fires:     {_condition(rule)}", markup=False)
    console.print(f"Because:   {rule.source}", markup=False)
    console.print(f"To do:     {rule.action}", markup=False)
    if rule.explains:
        console.print(f"Explains:  {', '.join(sorted(rule.explains))}", markup=False)


def print_silences(silences: Sequence[Silence]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not silences:
        console.print("Nothing is silenced.")
    for each in silences:
        about = f" about {each.subject}" if each.subject else ""
        console.print(f"{each.rule_key}{about} until {_moment(each.until)} UTC: {each.reason}", markup=False)
        console.print(f"  {each.id} · by {each.created_by}", markup=False, style="dim")


def in_words(duration: timedelta) -> str:
    """Return a duration as it is written in the file of overrides."""
    seconds = round(duration.total_seconds())
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _condition(rule: Rule) -> str:
    """Return what has to be so, as in '> 30 seconds for 1m'."""
    held = f" for {in_words(rule.for_)}" if rule.for_ else ""
    return f"{'<' if rule.below else '>'} {rule.threshold:,.10g} {rule.unit}{held}"


def _remarks(alert: Alert) -> list[str]:
    remarks = [alert.id, f"since {_moment(alert.started_at)} UTC"]
    if alert.resolved_at is not None:
        remarks.append(f"over at {_moment(alert.resolved_at)} UTC")
    if alert.acknowledged_by is not None:
        remarks.append(f"acknowledged by {alert.acknowledged_by}")
    if alert.muted_by is not None:
        remarks.append(f"not told: {alert.muted_by}")
    return remarks


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
