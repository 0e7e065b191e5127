"""`yukyu alerts test` and `yukyu alerts deliveries`: whether people are reached."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.commands.asking import who
from api.commands.on_site import on_site
from api.commands.options import AsJson, DataDir
from api.commands.printing import print_json
from db.control import Delivery, DeliveryState, outbox
from jobs.alerts.testing import Outcome, send_test
from jobs.site import Site

COLOURS = {
    DeliveryState.SENT: "green",
    DeliveryState.FAILED: "red",
    DeliveryState.SKIPPED: "yellow",
    DeliveryState.PENDING: "yellow",
}

ChannelName = Annotated[
    str | None,
    typer.Argument(metavar="[CHANNEL]", help="log, email, slack or pagerduty; all that are configured when not given."),
]
Last = Annotated[int, typer.Option("--last", min=1, max=1000, help="How many at most.")]
Failed = Annotated[bool, typer.Option("--failed", help="Only what was given up, or is still to be told.")]


def try_out(channel: ChannelName = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Send a test alert and say whether it was taken; exit 1 when it was not.

    It goes out by the settings of this command's own environment: give it the one that `yukyu up` or `yukyu work` has.

    Example: `yukyu alerts test slack`
    """
    outcomes = on_site(data_dir, lambda site: send_test(site, channel, by=who()), level=logging.WARNING)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    if any(outcome.state is not DeliveryState.SENT for outcome in outcomes):
        raise typer.Exit(1)


def deliveries(
    last: Last = 20,
    failed: Failed = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """List what was told, and what was not and why, newest first.

    Example: `yukyu alerts deliveries --failed`
    """
    states = (DeliveryState.FAILED, DeliveryState.PENDING) if failed else ()

    async def read(site: Site) -> Sequence[Delivery]:
        async with site.control.reading() as session:
            return await outbox.newest(session, limit=last, states=states)

    found = on_site(data_dir, read)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    else:
        _print_deliveries(found)


def _print_outcomes(outcomes: Sequence[Outcome]) -> None:
    table = Table("Channel", "State", "", box=None, padding=(0, 2, 0, 0))
    for each in outcomes:
        table.add_row(each.channel, _coloured(each.state), escape(each.error or ""))
    Console(highlight=False).print(table)


def _print_deliveries(found: Sequence[Delivery]) -> None:
    headings = ("Put in the outbox (UTC)", "Channel", "Rule", "State", "Attempts", "")
    table = Table(*headings, box=None, padding=(0, 2, 0, 0))
    for each in found:
        moment = f"{each.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            moment,
            each.channel,
            escape(each.group),
            _coloured(each.state),
            str(each.attempts),
            escape(each.error or ""),
        )
    Console(highlight=False).print(table)


def _coloured(state: DeliveryState) -> str:
    return f"[{COLOURS[state]}]{state.value}[/]"
