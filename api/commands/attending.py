"""The commands of `yukyu alerts` that list alerts and rules, acknowledge, and silence."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from api.commands import alert_reports, sites
from api.commands.asking import who
from api.commands.on_site import on_site
from api.commands.options import AsJson, DataDir, settings_with
from api.commands.printing import print_json
from db.control import AlertState, Severity
from db.control.alerts import Wanted
from db.errors import BadInputError
from jobs.alerts import attending, silencing
from jobs.alerts.rule import Rule

OPEN = (AlertState.PENDING, AlertState.FIRING)
UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Everything = Annotated[bool, typer.Option("--all", help="Also those that are over, of the last 90 days.")]
Last = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many at most.")]
Least = Annotated[
    Severity | None,
    typer.Option("--severity", case_sensitive=False, help="Only what is as bad as this, or worse.", show_default=False),
]
RuleKey = Annotated[str, typer.Argument(metavar="RULE", help="The rule, as `yukyu alerts rules` prints it.")]
OneRule = Annotated[str | None, typer.Argument(metavar="[RULE]", help="One rule, to read all of it.")]
AlertId = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, as `yukyu alerts list` prints it.")]
SilenceId = Annotated[str, typer.Argument(metavar="ID", help="The silence's id, as `yukyu alerts silences` prints it.")]
Subject = Annotated[str | None, typer.Option("--subject", help="Only alerts about this table, index or server.")]
For = Annotated[str | None, typer.Option("--for", metavar="30m|2h|7d", help="How long; 90d at most.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Or until when, as in 2026-11-23T09:00+09:00.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")]


def list_(
    everything: Everything = False,  # noqa: FBT002 - Typer's way
    severity: Least = None,
    last: Last = 100,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """List the alerts that fire or are about to, newest first; exit 0 when none fires, 1 when one does.

    Example: `yukyu alerts list --severity critical`
    """
    severities = list(Severity)[list(Severity).index(severity) if severity else 0 :]
    wanted = Wanted(tuple(AlertState) if everything else OPEN, severities)
    found, _ = on_site(data_dir, lambda site: attending.listing(site, wanted, first=last))
    if as_json:
        print_json([alert.model_dump() for alert in found])
    else:
        alert_reports.print_alerts(found)
    if any(alert.state is AlertState.FIRING for alert in found):
        raise typer.Exit(1)


def rules(
    rule: OneRule = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """List the rules as they are applied, with what YUKYU_ALERT_RULES changes; or say all of one, and what to do.

    Example: `yukyu alerts rules replication-lag`
    """
    found = sites.rulebook(settings_with(data_dir=data_dir)).rules
    chosen = [each for each in found if rule in (None, each.key)]
    if not chosen:
        raise BadInputError(f"There is no alert rule {rule!r}.", hint="`yukyu alerts rules` lists them.")
    if as_json:
        print_json([_as_json(each) for each in chosen])
    elif rule is None:
        alert_reports.print_rules(chosen)
    else:
        alert_reports.print_rule(chosen[0])


def acknowledge(alert_id: AlertId, data_dir: DataDir = None) -> None:
    """Say that you look after a firing alert, so that it is not told again.

    Example: `yukyu alerts ack 3f1a…`
    """
    alert = on_site(data_dir, lambda site: attending.acknowledge(site, alert_id, by=who()))
    typer.echo(f"{alert.rule_key} of {alert.subject} is yours; its end will be told.")


def silence(  # noqa: PLR0913, PLR0917 - Typer's way
    rule: RuleKey,
    reason: Reason,
    subject: Subject = None,
    duration: For = None,
    until: Until = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Let nobody be told of a rule's alerts for a time. They are seen and listed all the same.

    Example: `yukyu alerts silence replica-down --for 2h --reason "a new disk"`
    """
    made = on_site(
        data_dir,
        lambda site: silencing.silence(
            site, rule_key=rule, subject=subject, until=_end(duration, until, site.clock()), reason=reason, by=who()
        ),
    )
    if as_json:
        print_json(made.model_dump())
    else:
        alert_reports.print_silences([made])


def silences(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """List the silences that hold now, the one that ends first at the top."""
    found = on_site(data_dir, silencing.active)
    if as_json:
        print_json([each.model_dump() for each in found])
    else:
        alert_reports.print_silences(found)


def unsilence(silence_id: SilenceId, data_dir: DataDir = None) -> None:
    """End a silence now; what fired meanwhile and still does is told.

    Example: `yukyu alerts unsilence 3f1a…`
    """
    ended = on_site(data_dir, lambda site: silencing.end(site, silence_id, by=who()))
    typer.echo(f"{ended.rule_key} is told again.")


def _end(duration: str | None, until: str | None, now: datetime) -> datetime:
    """Return when a silence ends, of which one of both says.

    Raises:
        BadInputError: neither or both do, or it cannot be meant.
    """
    if (duration is None) == (until is None):
        raise BadInputError("Say how long with --for, or until when with --until.")
    if until is not None:
        try:
            return datetime.fromisoformat(until)
        except ValueError as error:
            raise BadInputError(f"{until!r} is not a moment like 2026-11-23T09:00+09:00.") from error
    found = re.fullmatch(r"(\d{1,5})([mhd])", duration or "")
    if found is None:
        raise BadInputError(f"{duration!r} is not a duration like 30m, 2h or 7d.")
    return now + timedelta(**{UNITS[found[2]]: int(found[1])})


def _as_json(rule: Rule) -> dict[str, Any]:
    return {
        "key": rule.key,
        "title": rule.title,
        "description": rule.description,
        "severity": rule.severity,
        "threshold": rule.threshold,
        "below": rule.below,
        "unit": rule.unit,
        "for_seconds": rule.for_.total_seconds(),
        "enabled": rule.enabled,
        "action": rule.action,
        "source": rule.source,
        "explains": sorted(rule.explains),
    }
